"""
Convert the Markdown of the model cards to reStructuredText: headings, paragraphs, lists, tables.
"""

import re

__all__ = ["to_rst"]

# One level below the sections of the page.
_UNDERLINES = {1: "-", 2: "~", 3: "^"}


def to_rst(text):
    """
    Convert Markdown without nesting, pictures or code blocks.
    """
    blocks = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(_block(block.splitlines()) for block in blocks) + "\n"


def _block(lines):
    if heading := re.fullmatch(r"(#+) (.*)", lines[0]):
        title = _inline(heading[2])
        underlined = f"{title}\n{_UNDERLINES[len(heading[1])] * len(title)}"
        return underlined if len(lines) == 1 else f"{underlined}\n\n{_block(lines[1:])}"
    if lines[0].startswith("|"):
        return _table(lines)
    return "\n".join(_inline(line) for line in lines)


def _table(lines):
    head, _, *rows = (
        [_inline(cell.strip()) for cell in line.strip().strip("|").split("|")] for line in lines
    )
    body = [head, *rows] if any(head) else rows
    text = [".. list-table::", f"   :header-rows: {int(any(head))}", ""]
    for row in body:
        text += [
            f"   {'-' if number else '* -'} {cell}".replace("   -", "     -", 1)
            for number, cell in enumerate(row)
        ]
    return "\n".join(text)


def _inline(text):
    text = re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", text)
    return re.sub(r"\[([^]]+)\]\((\S+)\)", r"`\1 <\2>`__", text)
