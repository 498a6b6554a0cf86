"""Writing XML: elements in order, under short names, none of them empty; the same bytes for the same tree."""

from lxml import etree  # ty: ignore[missing-module-member]  (written in C, without types)

Element = etree._Element  # noqa: SLF001 (it has no other name)


class Tree:
    """Writes elements that hold something, in order, under names like "ram:Name"."""

    def __init__(self, spaces: dict[str, str]) -> None:
        self.spaces = spaces

    def root(self, name: str, spaces: dict[str | None, str]) -> Element:
        """The outermost element; `name` is written out already."""
        return etree.Element(name, nsmap=spaces)

    def add(self, parent: Element, name: str, text: str = "", **attributes: str) -> Element:
        """A child of `parent`, with text."""
        child = etree.SubElement(parent, self.name(name), attributes)
        child.text = text or None
        return child

    def put(self, parent: Element, path: str, text: str, **attributes: str) -> None:
        """Text below `parent`, at a path of children made for it ("ram:A/ram:B"); nothing where there is no text."""
        if not text:
            return
        for step in path.split("/")[:-1]:
            parent = self.add(parent, step)
        self.add(parent, path.rsplit("/", maxsplit=1)[-1], text, **attributes)

    def name(self, name: str) -> str:
        """A name like "ram:Name" with its namespace written out."""
        prefix, local = name.split(":")
        return f"{{{self.spaces[prefix]}}}{local}"


def written(root: Element) -> bytes:
    """The document's bytes: UTF-8, indented, the same for the same document."""
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
