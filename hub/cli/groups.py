"""Groups of commands that name the nearest command if there is none of a name."""

from typing import Any

import click


class HelpfulGroup(click.Group):
    """A group that answers an unknown command with the nearest one."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Name the nearest command if there is none of this name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            help_command = f" `{ctx.command_path} --help` lists them."
            hint = f" Did you mean {near[0]!r}?" if near else help_command
            text = f"There is no command {args[0]!r}.{hint}"
            raise click.UsageError(text, ctx=error.ctx) from None
