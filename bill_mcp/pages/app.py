"""The pages as an application: which address shows and does what.

``/q/<id>`` is the address that may pass through an agent; it explains and has no form.
``/enter`` exchanges a ticket for a cookie. ``/q/<id>/<handle>`` is the form: the only
path that the cookie is sent to, and known to nobody but the browser that entered.
"""

from __future__ import annotations

import hmac
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bill_mcp.clock import Clock
from bill_mcp.pages import plain_pages
from bill_mcp.pages.form_parts import CSRF_FIELD
from bill_mcp.pages.guarding import ENTER
from bill_mcp.pages.questions import State
from bill_mcp.pages.tickets import Desk
from bill_mcp.pages.visiting import FormVisit, Standing, Visits

COOKIE = "bill_mcp_question"
LARGEST_FORM_BYTES = 16 * 1024
MOST_FIELDS = 20
SWEEP_S = 30


class Pages:
    """What the addresses do.

    Args:
        desk: Holds the questions, and knows who may answer them.
        begin: Begins the visit of each question.
        clock: For when to look whose time is over.
    """

    def __init__(self, desk: Desk, begin: Visits, *, clock: Clock) -> None:
        self._desk = desk
        self._begin = begin
        self._clock = clock
        self._visits: dict[str, FormVisit] = {}

    def app(self) -> Starlette:
        form = "/q/{id}/{handle}"
        return Starlette(
            routes=[
                Route("/q/{id}", self.explain, methods=["GET"]),
                Route(form, self.show, methods=["GET"]),
                Route(form, self.act, methods=["POST"]),
                Route(ENTER, self.enter, methods=["POST"]),
            ],
            exception_handlers={HTTPException: _nothing_here},
        )

    async def aclose(self) -> None:
        """End every visit, whatever it was about to do."""
        for question_id in list(self._visits):
            await self._end(question_id)

    async def keep_sweeping(self) -> None:
        """Forget what people typed soon after its time, also if nobody calls again."""
        while True:
            await self._clock.sleep(SWEEP_S)
            self._desk.sweep()
            await self._end_closed()

    async def explain(self, request: Request) -> Response:
        await self._end_closed()
        question = self._desk.question(request.path_params["id"])
        if question is None:
            return _closed()
        state = self._desk.state(question.id)
        return HTMLResponse(plain_pages.explanation(question, state))

    async def enter(self, request: Request) -> Response:
        await self._end_closed()
        form = await _form(request)
        question_id = form.get("question", "")
        right = self._desk.enter(question_id, form.get("ticket", ""))
        if right is None:
            return _closed()
        path = f"/q/{question_id}/{right.handle}"
        answer = HTMLResponse(plain_pages.continue_to(path))
        answer.set_cookie(
            COOKIE, right.cookie, path=path, httponly=True, samesite="strict"
        )
        return answer

    async def show(self, request: Request) -> Response:
        visit = await self._visit(request)
        if visit is None:
            return _closed()
        await visit.prepare()
        csrf = self._desk.csrf_token(visit.question.id)
        await self._settle(visit)
        return HTMLResponse(visit.page(csrf))

    async def act(self, request: Request) -> Response:
        visit = await self._visit(request)
        if visit is None:
            return _closed()
        form = await _form(request)
        question_id = visit.question.id
        csrf = self._desk.csrf_token(question_id)
        if not hmac.compare_digest(csrf.encode(), form.get(CSRF_FIELD, "").encode()):
            return HTMLResponse(plain_pages.refused(), status_code=403)
        if form.get("do") == "cancel":
            await visit.leave()
        else:
            await visit.act(form)
        await self._settle(visit)
        if visit.standing is Standing.OVER:
            return HTMLResponse(visit.page(csrf))
        # Back to the same address by GET, so that reloading sends nothing again.
        return RedirectResponse(request.url.path, status_code=303)

    async def _settle(self, visit: FormVisit) -> None:
        """End the question as its visit has ended, if it has."""
        question_id = visit.question.id
        if visit.standing is Standing.ANSWERED:
            self._desk.answer(question_id)
            await visit.aclose()
        if visit.standing is Standing.OVER:
            await self._end(question_id)
            self._desk.close(question_id)

    async def _visit(self, request: Request) -> FormVisit | None:
        """The visit that this browser has the right to, if any."""
        await self._end_closed()
        question = self._desk.admit(
            request.path_params["id"],
            request.path_params["handle"],
            request.cookies.get(COOKIE, ""),
        )
        if question is None:
            return None
        if question.id not in self._visits:
            self._visits[question.id] = self._begin(question)
        return self._visits[question.id]

    async def _end_closed(self) -> None:
        """Forget what belonged to questions that have run out."""
        for question_id in list(self._visits):
            if self._desk.state(question_id) is State.CLOSED:
                await self._end(question_id)

    async def _end(self, question_id: str) -> None:
        visit = self._visits.pop(question_id, None)
        if visit is not None:
            await visit.aclose()


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; nothing for what is no form of ours."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return {}
    content = bytearray()
    try:
        async for part in request.stream():
            content += part
            if len(content) > LARGEST_FORM_BYTES:
                return {}
        pairs = parse_qsl(
            content.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS
        )
    except (ClientDisconnect, ValueError):
        return {}
    return dict(pairs)


def _closed() -> Response:
    """One answer for all that is not there, or not for this browser."""
    return HTMLResponse(plain_pages.closed(), status_code=404)


async def _nothing_here(request: Request, error: Exception) -> Response:
    return _closed()
