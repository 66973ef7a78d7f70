"""Texts about the files that apps receive."""

from hub.reasons.template import CaseAction, Template

TEMPLATES = {
    "file.unmapped": Template(
        title="{file} waits for its columns",
        reason="{app} received a table with columns that it has not seen before.",
        instruction="Choose what each column contains, or discard the file.",
        action=CaseAction.FILE,
    ),
    "file.refused": Template(
        title="{file} could not be read",
        reason="{problem}",
        instruction=(
            "The file is in the folder {folder}. Place a corrected one under the same name, or"
            " close this if it is not needed."
        ),
        action=CaseAction.NONE,
    ),
    "file.repeated": Template(
        title="{file} was received before",
        reason=(
            "Nothing was added. Its documents that are also in later files stay as they are there:"
            " {count}."
        ),
        instruction=(
            "To go back to this file, change anything in it, such as the name of a column that is"
            " not used, and place it in the folder again. Otherwise close this."
        ),
        action=CaseAction.NONE,
    ),
}
