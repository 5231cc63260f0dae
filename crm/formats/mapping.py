"""How one sender writes its posts, as a document: where leads and their fields stand, and how posts are believed.

An admin writes one in YAML for a sender that nothing here knows; those of well-known senders lie in `shipped/`. A path
is names and places (`form_response.answers.0.text`) with dots between them; where several paths are given, the first
that leads to a value counts.
"""

from __future__ import annotations

from collections.abc import Mapping as Named
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from crm.errors import RuleSetInvalid
from crm.rules.fields import NAMES
from crm.rules.written import Document

MOST_LEADS = 100
"""How many leads one post may hold."""


class MappingError(ValueError):
    """One sentence for each mistake in a document. Args: mistakes: (place, what is wrong)."""

    def __init__(self, mistakes: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{place}: {wrong}" if place else wrong for place, wrong in mistakes))
        self.mistakes = mistakes


def _several(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


def _is_field(name: str) -> str:
    if name not in NAMES:
        raise ValueError(f"there is no field {name!r}; there are {', '.join(NAMES)}")
    return name


Path = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^.]+(\.[^.]+)*$")]
Paths = Annotated[tuple[Path, ...], BeforeValidator(_several), Field(min_length=1, max_length=12)]
OurField = Annotated[str, AfterValidator(_is_field)]
Header = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$")]
Secret = Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,40}$")]
KEY = "key"
"""The secret that every source has; others are what the vendor's side gave us, by name."""


class Part(BaseModel):
    """A word that nobody knows is a typing mistake, not a wish."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Bearer(Part):
    """`Authorization: Bearer KEY`, or as the password of `Authorization: Basic`."""

    by: Literal["bearer"]


class Standard(Part):
    """Signed as Standard Webhooks prescribes."""

    by: Literal["standard"]


class InHeader(Part):
    """The secret as a header's value."""

    by: Literal["header"]
    name: Header
    secret: Secret = KEY


class InQuery(Part):
    """The secret in the address: `?name=…`."""

    by: Literal["query"]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")]
    secret: Secret = KEY


class InBody(Part):
    """The secret within the body."""

    by: Literal["body"]
    path: Path
    secret: Secret = KEY


class Hmac(Part):
    """A signature in a header.

    Attributes:
        prefix: what stands before the signature in the header.
        signs: what is signed; `{body}` is the raw body, `{timestamp}` the header that `timestamp` names.
        timestamp: a header with the sender's time in seconds; older or newer than five minutes is not believed.
    """

    by: Literal["hmac"]
    header: Header
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    signs: Annotated[str, Field(pattern=r"\{body\}", max_length=100)] = "{body}"
    timestamp: Header | None = None
    secret: Secret = KEY

    @model_validator(mode="after")
    def _time_is_signed(self) -> Hmac:
        if (self.timestamp is None) != ("{timestamp}" not in self.signs):
            raise ValueError("a timestamp must be signed, too: name its header and write {timestamp} in signs")
        return self


Believed = Annotated[Bearer | Standard | InHeader | InQuery | InBody | Hmac, Field(discriminator="by")]


class Challenge(Part):
    """How the vendor asks, by GET, whether the address is ours.

    Attributes:
        parameter: holds what has to be sent back.
        need: parameters that must have these values; `token` is the parameter that must hold the secret.
        answer: the same text, or JSON with a signature of it (hexadecimal HMAC-SHA256 with the secret) as `signed_as`.
    """

    parameter: str
    need: dict[str, str] = {}
    token: str | None = None
    answer: Literal["text", "signed"] = "text"
    signed_as: str = "challengeResponse"
    secret: Secret = KEY


class Labels(Part):
    """What questions are called, where answers hold only their id.

    Attributes:
        list: where the questions are, from the post's or the lead's beginning.
        id: a question's id; name: its name.
        of: where an answer holds the question's id.
    """

    list: Path
    id: Path
    name: Paths
    of: Path


class Pairs(Part):
    """Names and values, in a list or an object. `name`: of several, the first of a known field, or else the first."""

    list: Path
    name: Paths = ("name",)
    value: Paths = ("value",)
    labels: Labels | None = None


class Need(Part):
    """A secret that the vendor's side gives, and what it is, in both languages."""

    secret: Secret
    en: str
    zh: str


class Words(Part):
    """What to do at the vendor's; `{address}` and `{key}` are put in."""

    en: str
    zh: str


class Mapping(Part):
    """The whole document.

    Attributes:
        name: what the sender is called.
        extends: a shipped format that this one changes: its own parts come before those of that one.
        leads: where the list of leads is; without it a post is one lead. A list within a list: both paths, in order.
        only: paths and the value that a lead must have there, such as a kind of event; others are ignored.
        skip: paths and a value at which a lead is ignored, such as a mark of tests.
        must: paths and the values of which a lead must have one there, such as known forms; others are refused.
        inside: where within a lead its fields stand; they count as fields of the lead itself.
        id: the sender's own id of a lead, by which a repeat is known; `id_within`: of what these ids are numbers.
        fields: our name of a field, and where it stands.
        names: what the sender calls a field, and ours; usual names are known anyway.
        pairs: lists of names and values, each read as a field.
        values: for a field, what to write instead of the sender's value.
        defaults: fields of every lead that has none of its own.
        rest: whether other values of the lead are kept with it; `ignore` are names that are not, `*` for any ending.
        believed: ways to believe a post. Every one that is tried must succeed, and one has to be tried.
        challenge: how the vendor makes sure of the address.
        fetch: posts hold only ids, and the lead is fetched from this vendor.
        answer: the JSON that the vendor wants for a success.
        needs, setup: for whoever sets it up.
    """

    name: Annotated[str, Field(min_length=1, max_length=80)] = ""
    extends: str | None = None
    leads: Annotated[tuple[Path, ...], BeforeValidator(_several)] = ()
    only: dict[Path, str] = {}
    skip: dict[Path, str] = {}
    must: dict[Path, Annotated[tuple[str, ...], BeforeValidator(_several)]] = {}
    inside: Path | None = None
    id: Paths | None = None
    id_within: Path | None = None
    fields: dict[OurField, Paths] = {}
    names: dict[str, OurField] = {}
    pairs: tuple[Pairs, ...] = ()
    values: dict[OurField, dict[str, str]] = {}
    defaults: dict[OurField, str] = {}
    rest: bool = True
    ignore: tuple[str, ...] = ()
    believed: Annotated[tuple[Believed, ...], Field(min_length=1)] = (Bearer(by="bearer"), Standard(by="standard"))
    challenge: Challenge | None = None
    fetch: Literal["meta", "linkedin"] | None = None
    answer: dict[str, Any] | None = None
    needs: tuple[Need, ...] = ()
    setup: Words | None = None

    @model_validator(mode="before")
    @classmethod
    def _yaml_reads_numbers(cls, given: Any) -> Any:
        """Values of YAML such as 1 or yes are meant as they stand in a post, as text."""
        if isinstance(given, dict) and isinstance(given.get("values"), dict):
            values = {name: _texts(table) for name, table in given["values"].items()}
            given = given | {"values": values}
        if isinstance(given, dict):
            given = given | {name: _texts(given[name]) for name in ("only", "skip", "defaults") if name in given}
        return given

    @model_validator(mode="after")
    def _somewhere(self) -> Mapping:
        if self.extends is None and not (self.fields or self.pairs or self.names or self.fetch):
            raise ValueError("say where the fields are: fields, names or pairs")
        return self


def _texts(table: Any) -> Any:
    return {_text(key): _text(value) for key, value in table.items()} if isinstance(table, dict) else table


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def parse(words: str) -> Mapping:
    """A document from YAML. Raises MappingError."""
    try:
        return of(Document.read(words).data)
    except RuleSetInvalid as exc:
        raise MappingError([("", str(exc.data["problem"]))]) from None


def of(given: Any) -> Mapping:
    """A document from plain data. Raises MappingError."""
    if not isinstance(given, Named):
        raise MappingError([("", "a mapping is a list of words with values, such as fields: {phone: contact.mobile}")])
    try:
        return Mapping.model_validate(dict(given))
    except ValidationError as exc:
        raise MappingError(mistakes(exc)) from None


def schema() -> dict[str, Any]:
    """The JSON schema of a document, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Mapping.model_json_schema()}


def mistakes(exc: ValidationError) -> list[tuple[str, str]]:
    """Each mistake: where it is, and what is wrong."""
    return [(".".join(map(str, error["loc"])), error["msg"].removeprefix("Value error, ")) for error in exc.errors()]
