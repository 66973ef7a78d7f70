"""The installed plugins and the apps that they own; a broken plugin does not stop the others."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pluggy

from hub.contract import hookspecs
from hub.contract.app_checks import (
    find_app_problems,
    find_field_problems,
    find_hook_problems,
    find_policy_problems,
)
from hub.contract.checkout import build_stand_in_command
from hub.contract.hook_checks import check_hooks
from hub.contract.hook_results import ExitByPlugin, require_members
from hub.contract.loading import attempt, describe_exception
from hub.contract.missing_plugin import PluginMissing
from hub.contract.plugin_list import Allowed, explain_refusal, format_line
from hub.contract.settings_schema import get_schema
from hub.contract.types import App, Field, Sandbox
from hub.contract.value_object import value_object
from hub.errors import MissingExtra, PluginBroken

GROUP = "hub"
NEXT_STEP = "Correct the plugin, install it again and restart the hub."


@value_object
class Installed:
    """An installed plugin: `name` is its entry point, `open` returns its module or object.

    With a `refusal` it is not opened.
    """

    name: str
    distribution: str
    version: str
    open: Callable[[], Any]
    refusal: str = ""


@value_object
class Loaded:
    """A plugin that was loaded without an error."""

    installed: Installed
    plugin: Any
    apps: tuple[App, ...]
    hooks: tuple[str, ...]


def list_allowing_lines() -> list[str]:
    """Return the line of HUB_PLUGINS_FILE for each plugin as it is installed now."""
    return sorted({format_line(entry) for entry in entry_points(group=GROUP)})


class Plugins:
    """The plugins of one hub."""

    def __init__(self, installed_plugins: Iterable[Installed]) -> None:
        """Load the plugins in the order of their names; note those that are broken."""
        self._manager = pluggy.PluginManager("hub")
        self._manager.add_hookspecs(hookspecs)
        by_name = sorted(installed_plugins, key=lambda item: (item.name, item.distribution))
        self._installed = tuple(by_name)
        self._broken: dict[Installed, PluginBroken] = {}
        self._loaded: dict[Installed, Loaded] = {}
        self._load_all()
        self._owners: dict[str, Loaded] = {}
        apps: dict[str, App] = {}
        for loaded_plugin in self._loaded.values():
            for app in loaded_plugin.apps:
                self._owners[app.slug] = loaded_plugin
                apps[app.slug] = app
        self.apps: Mapping[str, App] = apps

    @classmethod
    def load(
        cls,
        extra: Sequence[Any] = (),
        *,
        installed: bool = True,
        allowed: Allowed | None = None,
    ) -> "Plugins":
        """Load the plugins of the entry-point group "hub", and `extra` modules or objects.

        With `allowed`, an installed plugin that is not on this list is not imported.
        """
        plugins = [_describe_object(plugin) for plugin in extra]
        if installed:
            plugins += [
                _describe_entry_point(entry, allowed) for entry in entry_points(group=GROUP)
            ]
        return cls(plugins)

    def without_access_gates(self, slugs: Collection[str]) -> "Plugins":
        """Return these plugins without the access gates of some apps.

        The operator of the hub declares that the makers of these apps have opened them.
        """
        plugins = copy(self)
        apps = dict(self.apps)
        for slug in apps.keys() & set(slugs):
            apps[slug] = replace(apps[slug], access=None)
        plugins.apps = apps
        return plugins

    @property
    def packages(self) -> tuple[str, ...]:
        """Return the packages of the loaded plugins, after which their loggers are named."""
        modules = []
        for item in self._loaded.values():
            modules.append(_get_module_name(item.plugin))
        return tuple(sorted({module.partition(".")[0] for module in modules}))

    @property
    def broken(self) -> tuple[PluginBroken, ...]:
        """Return one error for each plugin that cannot be used.

        Its text names the distribution and the reason.
        """
        return tuple(self._broken.values())

    def package(self, slug: str) -> str:
        """Return the package of the plugin that owns an app, which may have translations."""
        plugin = self._get_owner(slug).plugin
        return _get_module_name(plugin).partition(".")[0]

    def get_plugin_name(self, slug: str) -> str:
        """Return the name of the plugin that owns an app; the apps of a plugin share matches."""
        return self._get_owner(slug).installed.name

    def list_apps_of_plugin(self, slug: str) -> list[str]:
        """Return all apps of the plugin that owns an app; none if it is not loaded."""
        if slug not in self.apps:
            return []
        name = self.get_plugin_name(slug)
        return [other for other in self.apps if self.get_plugin_name(other) == name]

    def installed_plugin(self, slug: str) -> Installed:
        """Return the installed plugin that owns an app."""
        return self._get_owner(slug).installed

    def has(self, slug: str, hook: str) -> bool:
        """Return whether the owner of an app implements a hook."""
        return hook in self._get_owner(slug).hooks

    def call(self, slug: str, hook: str, **values: Any) -> Any:
        """Call a hook of the owner of an app; return None if it does not implement the hook."""
        return self._call(hook, self._get_owner(slug).plugin, app=slug, **values)

    def open_stand_in(
        self,
        slug: str,
        *,
        folder: Path | None,
        documents: int | None,
        seed: int,
        demo: bool = False,
    ) -> Sandbox:
        """Open the stand-in of an app's source, which may need packages of the plugin's extra."""
        owner = self._get_owner(slug)
        try:
            stand_in: Sandbox = self.call(
                slug, "hub_sandbox", folder=folder, documents=documents, seed=seed, demo=demo
            )
        except ModuleNotFoundError as error:
            missing = str(error.name).partition(".")[0]
            if find_spec(missing):
                raise  # the package is installed and one of its modules is missing: a defect
            command = build_stand_in_command(owner.installed.distribution)
            raise MissingExtra(f"The stand-in of {slug}", missing, command) from error
        return stand_in

    def report_all(self, **values: Any) -> None:
        """Pass a receipt to every plugin without apps; then raise the first error."""
        errors = []
        for item in self._loaded.values():
            if item.apps:
                continue
            try:
                self._call("hub_report", item.plugin, **values)
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _call(self, hook: str, plugin: Any, **values: Any) -> Any:
        """Call a hook of one plugin; raise ExitByPlugin if it asks Python to end."""
        try:
            return _get_hook_caller(self._manager, hook, plugin)(**values)
        except SystemExit as error:
            raise ExitByPlugin(error.code) from error

    @property
    def has_listeners(self) -> bool:
        """Return whether any plugin owns no app, and therefore gets every receipt."""
        return any(not item.apps for item in self._loaded.values())

    def describe(self) -> list[dict[str, Any]]:
        """Describe every installed plugin, with the reason if it cannot be used.

        `hub plugins --json` prints it with the tiers of `hub.contract.tiers`.
        """
        return [self._describe(item) for item in self._installed]

    def _get_owner(self, slug: str) -> Loaded:
        """Return the plugin that owns an app; raise PluginMissing if it is not loaded."""
        owner = self._owners.get(slug)
        if owner is None:
            raise PluginMissing(slug)
        return owner

    def _describe(self, item: Installed) -> dict[str, Any]:
        """Describe one plugin; a broken one has neither apps nor hooks."""
        loaded_plugin = self._loaded.get(item)
        error = self._broken.get(item)
        apps: list[dict[str, Any]] = []
        hooks: list[str] = []
        if loaded_plugin:
            apps = [_describe_app(app) for app in loaded_plugin.apps]
            hooks = list(loaded_plugin.hooks)
        return {
            "plugin": item.name,
            "distribution": item.distribution,
            "version": item.version,
            "apps": apps,
            "hooks": hooks,
            "broken": error.reason if error else None,
        }

    def _load_all(self) -> None:
        """Load each plugin; plugins of the same name are all rejected."""
        names = Counter(item.name for item in self._installed)
        for item in self._installed:
            try:
                if names[item.name] > 1:
                    raise PluginBroken(
                        item.distribution,
                        f"another plugin is also named {item.name!r}; remove one.",
                    )
                if item.refusal:
                    raise PluginBroken(item.distribution, item.refusal)
                self._loaded[item] = self._open(item)
            except PluginBroken as error:
                self._broken[item] = error
        self._refuse_shared_slugs()

    def _refuse_shared_slugs(self) -> None:
        """Reject all plugins that claim the same app.

        An installation stores only the slug, so nothing says which of them it is meant for.
        """
        claims: dict[str, list[Installed]] = {}
        for item, loaded_plugin in self._loaded.items():
            for app in loaded_plugin.apps:
                claims.setdefault(app.slug, []).append(item)
        for slug, claimants in claims.items():
            if len(claimants) == 1:
                continue
            for item in claimants:
                self._refuse_slug(slug, item, claimants)

    def _refuse_slug(self, slug: str, item: Installed, claimants: Sequence[Installed]) -> None:
        """Reject a plugin because others claim the same app; name them."""
        others = [other.distribution for other in claimants if other is not item]
        reason = f"{' and '.join(others)} also claims the app {slug}; remove one of them."
        self._broken[item] = PluginBroken(item.distribution, reason)
        loaded_plugin = self._loaded.pop(item, None)
        if loaded_plugin:
            self._manager.unregister(loaded_plugin.plugin)

    def _open(self, item: Installed) -> Loaded:
        """Import, register and check a plugin; raise PluginBroken if it cannot be used."""
        plugin = attempt(item.distribution, "it cannot be imported", item.open)
        check_hooks(item.distribution, plugin)
        try:
            self._manager.register(plugin, name=f"{item.distribution}:{item.name}")
            return _inspect(item, plugin, self._manager)
        except Exception as error:  # also what a check meets in a value of another type
            if self._manager.is_registered(plugin):
                self._manager.unregister(plugin)
            if isinstance(error, PluginBroken):
                raise
            raise PluginBroken(
                item.distribution, f"it does not fit the contract: {describe_exception(error)}."
            ) from error


def _get_module_name(plugin: Any) -> str:
    """Return the module of a plugin, which is a module or an object."""
    class_module = type(plugin).__module__
    return str(getattr(plugin, "__name__", class_module))


def _describe_app(app: App) -> dict[str, Any]:
    """Describe an app: what it writes in QuickBooks, and where it may call."""
    return {
        "slug": app.slug,
        "name": app.name,
        "posts": list(app.posts),
        "hosts": list(app.hosts),
    }


def _inspect(item: Installed, plugin: Any, manager: pluggy.PluginManager) -> Loaded:
    """Return a registered plugin with its apps and hooks; raise PluginBroken for its mistakes."""
    manager.check_pending()
    callers = manager.get_hookcallers(plugin) or ()
    hooks = tuple(sorted(caller.name for caller in callers))
    apps: tuple[Any, ...] = ()
    if "hub_apps" in hooks:
        apps = attempt(
            item.distribution,
            "its hub_apps failed",
            lambda: (*require_members("hub_apps", plugin.hub_apps(), App),),
        )
        _reject(item, find_app_problems(apps))
    elif "hub_report" not in hooks:
        raise PluginBroken(item.distribution, "it lacks the hook hub_apps, which names its apps.")
    if apps and "hub_documents" not in hooks:
        raise PluginBroken(
            item.distribution, "it lacks the hook hub_documents, which brings the documents."
        )
    loaded_plugin = Loaded(installed=item, plugin=plugin, apps=apps, hooks=hooks)
    for app in apps:
        _check_app(loaded_plugin, app, manager)
    return loaded_plugin


def _check_app(owner: Loaded, app: App, manager: pluggy.PluginManager) -> None:
    """Raise PluginBroken for the mistakes of an app, its settings and its fields."""
    item = owner.installed
    what = f"the settings of app {app.slug} cannot be read"
    attempt(item.distribution, what, lambda: get_schema(app).fields)
    fields = _load_fields(owner, app, manager)
    _reject(item, find_field_problems(app, fields))
    _reject(item, [*find_policy_problems(app, fields), *find_hook_problems(app, owner.hooks)])


def _load_fields(owner: Loaded, app: App, manager: pluggy.PluginManager) -> tuple[Field, ...]:
    """Return the fields of an app; raise PluginBroken if its plugin cannot name them."""
    call = _get_hook_caller(manager, "hub_fields", owner.plugin)
    what = f"its hub_fields failed for app {app.slug}"
    fields: list[Field] = attempt(
        owner.installed.distribution,
        what,
        lambda: require_members("hub_fields", call(app=app.slug), Field),
    )
    return tuple(fields)


def _get_hook_caller(manager: pluggy.PluginManager, hook: str, owner: Any) -> pluggy.HookCaller:
    """Return the function that calls a hook of one plugin alone."""
    others = [plugin for plugin in manager.get_plugins() if plugin is not owner]
    return manager.subset_hook_caller(hook, others)


def _reject(item: Installed, problems: Iterable[str]) -> None:
    """Raise PluginBroken with all of the problems, if there are any."""
    sentences = list(problems)
    if sentences:
        text = " ".join(sentences)
        raise PluginBroken(item.distribution, f"{text} {NEXT_STEP}")


def _describe_entry_point(entry: EntryPoint, allowed_hashes: Allowed | None) -> Installed:
    """Describe a plugin of an installed distribution, without importing it."""
    dist = entry.dist
    return Installed(
        name=entry.name,
        distribution=dist.name if dist else entry.value,
        version=dist.version if dist else "",
        open=entry.load,
        refusal=explain_refusal(entry, allowed_hashes) if allowed_hashes is not None else "",
    )


def _describe_object(plugin: Any) -> Installed:
    """Describe a module or object that is passed as a plugin; its name is that of its class."""
    class_name = type(plugin).__name__
    name = getattr(plugin, "__name__", class_name)
    return Installed(name=name, distribution=name, version="", open=lambda: plugin)
