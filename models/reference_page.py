"""What the page about the HTTP interface shows."""

from models.views import Page, View


class Parameter(View):
    """A parameter of a call: in the path, the query, a header."""

    name: str
    where: str
    type: str
    required: bool
    text: str = ""


class Reply(View):
    """A way in which a call is answered; `schema_name` is the record in it, or ""."""

    status: str
    text: str
    schema_name: str = ""


class Call(View):
    """One call. `takes` are the records that its body may be."""

    method: str
    path: str
    title: str
    text: str
    parameters: list[Parameter] = []
    takes: list[str] = []
    replies: list[Reply] = []


class CallGroup(View):
    """Calls of one kind."""

    title: str
    text: str
    calls: list[Call]


class RecordField(View):
    """A field of a record; `of` are the records it holds."""

    name: str
    type: str
    required: bool
    text: str = ""
    of: list[str] = []


class RecordView(View):
    """A record that is sent or answered; `example` is JSON or ""."""

    name: str
    text: str
    fields: list[RecordField]
    example: str = ""


class ReferencePage(Page):
    """`pages/reference.html`: every call and every record of the HTTP interface."""

    title: str
    about: list[str]
    groups: list[CallGroup]
    records: list[RecordView]
