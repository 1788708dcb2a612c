"""Pages for people: for now the front page, which says whose node this is and what it offers."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from api.callers import NodeDep

_HERE = Path(__file__).parent
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'"
router = APIRouter(default_response_class=HTMLResponse)
static = StaticFiles(directory=_HERE / "static")
_templates = Jinja2Templates(_HERE / "templates")


@router.get("/")
async def front(request: Request, node: NodeDep) -> HTMLResponse:
    """Show whose node this is, and where its doors are."""
    document = node.log.document()
    member = document.by_name.get(node.keyring.member)
    return _templates.TemplateResponse(
        request,
        "front.html",
        {
            "title": node.keyring.member if member is None else member.title,
            "document": document,
            "member": node.keyring.member,
        },
        headers={"Content-Security-Policy": _POLICY},
    )
