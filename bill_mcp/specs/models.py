"""What a spec file may say, as frozen models.

An unknown key is an error, so a typing slip never becomes a silently ignored rule.
Field names are the keys of the YAML files; ``tool_specs/_schema.json`` is generated
from these models.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=8)]
SUMMARY_CHARACTERS = 130
GUIDANCE_CHARACTERS = 900
ABOUT_CHARACTERS = 320

PRIMITIVES = ("string", "integer", "number", "boolean", "object")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Effect(StrEnum):
    """What an action does at BILL. Hints, policy and retries follow from the set."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    MONEY = "money"
    """Money moves, or spending power changes."""
    PAYEE = "payee"
    """Decides where money will go."""
    ACCESS = "access"
    """Decides who may act."""
    MESSAGE = "message"
    """Reaches a third party."""
    BOOKS = "books"
    """States that money moved outside BILL."""


class Auth(StrEnum):
    """Which of BILL's credentials an action travels with."""

    SESSION = "session"
    PARTNER = "partner"
    API_TOKEN = "api_token"  # noqa: S105 -- the name of a scheme
    LOGIN = "login"
    NONE = "none"


class Evidence(StrEnum):
    """Where a field is known from."""

    CLIENT = "client"
    """BILL's own collection or a client generated from BILL's description."""
    SAMPLE = "sample"
    """An official sample request, or a documentation page."""
    SIBLING = "sibling"
    """A sibling operation takes it, or the object's read and write pair shows it."""
    REPLY = "reply"
    """Seen only in replies; BILL may ignore it as input."""


class FieldSpec(_Frozen):
    """One value: an argument, or a member of an object-typed argument.

    ``type`` is a primitive, a name from ``_types.yaml``, or a list of one of these.
    ``fields`` gives the members of an object used in one place only.
    """

    type: str | tuple[str]
    fields: dict[str, FieldSpec] | None = None
    about: str = Field(default="", max_length=ABOUT_CHARACTERS)
    required: bool = False
    partial: bool = False
    """The members of the named type all become optional, as in an update."""
    evidence: Evidence | None = None
    nullable: bool = False
    """Null is an input too: it clears the value."""
    secret: bool = False
    """In the schema only where inline credentials are allowed."""
    enum: tuple[str, ...] | None = None
    seen: tuple[str, ...] = ()
    """Values seen so far; told to the agent, never a bound."""
    format: Literal["date", "date-time"] | None = None
    pattern: str | None = None
    minimum: float | int | None = None
    maximum: float | int | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    decimals: int | None = None
    """At most so many decimal places; more is an error, never rounded."""
    one_of_required: tuple[tuple[str, ...], ...] = ()
    """At least one of these groups of members must be given."""
    encode: Literal["filters", "sort", "comma"] | None = None
    """How a list becomes BILL's one string in the query."""


class Condition(_Frozen):
    """A condition on one argument, named by its dotted path (``[]`` for any item)."""

    argument: str
    equals: bool | str | None = None
    not_equals: bool | str | None = None
    """Also true when the argument is absent."""
    one_of: tuple[str, ...] = ()
    given: bool = False

    @model_validator(mode="after")
    def _exactly_one_test(self) -> Condition:
        tests = (
            self.equals is not None,
            self.not_equals is not None,
            bool(self.one_of),
            self.given,
        )
        if sum(tests) != 1:
            raise ValueError("exactly one of equals, not_equals, one_of, given")
        return self


class Escalation(_Frozen):
    """Effects that an action has only for certain arguments."""

    when: Condition
    adds: frozenset[Effect] = frozenset()
    needs_trust: bool = False


class WatchedObject(StrEnum):
    """An object at BILL whose state decides what a call does."""

    VENDOR = "vendor"
    VENDOR_OF_BILL = "vendor_of_bill"
    RECURRING_BILL = "recurring_bill"
    VENDOR_OF_RECURRING_BILL = "vendor_of_recurring_bill"
    """To whom the recurring bill is owed, unless the call itself says to whom."""
    RECURRING_BILLS_OF_VENDOR = "recurring_bills_of_vendor"
    """Each that is not archived; one that cannot be read counts as one that pays."""


class ObjectEscalation(_Frozen):
    """Effects that an action has only for certain objects, which are read first."""

    read: WatchedObject
    by: str
    """The argument with the object's id."""
    when: Condition
    """On the object as BILL gives it."""
    given: tuple[str, ...] = ()
    """Arguments of which one must be given; none: always."""
    adds: frozenset[Effect] = Field(min_length=1)


class Pays(StrEnum):
    """Which payment an action makes, so that it is known when it comes again."""

    BILL = "bill"
    """One bill, or a vendor for whom BILL makes the bill."""
    BILLS = "bills"
    REIMBURSEMENT = "reimbursement"
    REISSUE = "reissue"
    """A payment that is voided and sent anew."""


class SessionRole(StrEnum):
    """What an action does to the agent's own BILL session; the one named home."""

    SIGN_IN = "sign_in"
    PARTNER_SIGN_IN = "partner_sign_in"
    SIGN_IN_AS_USER = "sign_in_as_user"
    SIGN_OUT = "sign_out"
    CHALLENGE = "challenge"
    SETUP = "setup"
    CONFIRM_SETUP = "confirm_setup"
    CONFIRM_CHALLENGE = "confirm_challenge"
    STEP_UP = "step_up"


class Source(_Frozen):
    """What an action was written from, and whether it was run against BILL."""

    document: str
    checked: date
    verified: bool
    """True only after a successful call of BILL itself, sandbox or production."""


class ActionSpec(_Frozen):
    """One BILL action, which becomes one tool."""

    title: str
    http: str = Field(pattern=r"^(GET|POST|PUT|PATCH|DELETE) /v3/[\w/{}-]*$")
    auth: Auth
    effects: frozenset[Effect] = Field(min_length=1)
    idempotent: bool
    """A repeat with the same arguments changes nothing more."""
    escalations: tuple[Escalation, ...] = ()
    object_escalations: tuple[ObjectEscalation, ...] = ()
    pays: Pays | None = None
    needs_trust: bool = False
    """BILL refuses it in a session that is not MFA-trusted."""
    sends_text: bool = False
    """BILL sends a text message; five a minute are allowed."""
    session: SessionRole | None = None
    summary: str = Field(max_length=SUMMARY_CHARACTERS, pattern=r"\.$", min_length=20)
    guidance: str = Field(max_length=GUIDANCE_CHARACTERS)
    keywords: tuple[str, ...] = Field(min_length=2)
    path: dict[str, FieldSpec] = Field(default_factory=dict)
    query: dict[str, FieldSpec] = Field(default_factory=dict)
    body: dict[str, FieldSpec] = Field(default_factory=dict)
    body_form: Literal["object", "items", "bytes"] = "object"
    """``items``: the body is an array; ``bytes``: a file."""
    fill: dict[
        str, Literal["empty_object", "always_true", "transaction_number", "bank_day"]
    ] = Field(default_factory=dict)
    """Body fields that we supply where the agent gives none."""
    reply: Any
    """A shape: see ``replies``."""
    withheld: tuple[str, ...] = ()
    """Reply paths whose values never leave the server, dotted, ``[]`` for items."""
    confidence: Literal["high", "medium", "low"]
    source: Source | None = None

    @property
    def method(self) -> str:
        return self.http.split()[0]

    @property
    def path_template(self) -> str:
        return self.http.split()[1]


class ResourceFile(_Frozen):
    """One file in ``tool_specs/``: every action on one BILL resource."""

    format: Literal[1]
    resource: str
    toolset: str
    about: Sentence
    source: Source
    shapes: dict[str, Any] = Field(default_factory=dict)
    """Reply shapes by name, in the notation of ``replies``."""
    actions: dict[str, ActionSpec]


class TypesFile(_Frozen):
    """``_types.yaml``: shapes of arguments that more than one action uses."""

    format: Literal[1]
    types: dict[str, FieldSpec]
    shapes: dict[str, Any] = Field(default_factory=dict)


class Toolset(_Frozen):
    """A group of tools that can be listed together."""

    about: Sentence


class ToolsetsFile(_Frozen):
    """``_toolsets.yaml``: the groups, and what ``--tools compact`` lists."""

    format: Literal[1]
    toolsets: dict[str, Toolset]
    compact: tuple[str, ...]


class NamesFile(_Frozen):
    """``_names.yaml``: names that still work though the canonical one differs."""

    format: Literal[1]
    aliases: dict[str, str]


class ThirdPartyTextFile(_Frozen):
    """``_third_party_text.yaml``: who writes the text members of replies, by name."""

    format: Literal[1]
    third_party: frozenset[str]
    """Third parties or other people: an agent must read them as data."""
    not_free_text: frozenset[str]
    """BILL or this server, in words that nobody outside can choose."""


class ErrorKind(StrEnum):
    """Who can repair an error that BILL answered with."""

    AGENT = "agent"
    SIGN_IN = "sign_in"
    TRUST = "trust"
    BUSY = "busy"
    HOURLY = "hourly"
    PERSON = "person"
    WAIT = "wait"
    BILL = "bill"


class ErrorEntry(_Frozen):
    """What one of BILL's error codes means for a caller."""

    kind: ErrorKind
    acted: Literal["no", "assumed_no", "unknown"]
    """Whether BILL may have acted before it answered so."""
    meaning: Sentence
    advice: Sentence
    evidence: Literal["doc", "code_live", "code", "assumed"]


class ErrorsFile(_Frozen):
    """``_errors.yaml``: BILL's error codes."""

    format: Literal[1]
    codes: dict[Annotated[str, StringConstraints(pattern=r"^BDC_\d{4}$")], ErrorEntry]
