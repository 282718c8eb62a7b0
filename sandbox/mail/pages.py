"""The catcher's pages: a letter's words are escaped, its own HTML stands in a closed frame."""

import re
from collections.abc import Iterable
from datetime import datetime
from html import escape

from sandbox.mail.letters import Letter

STYLE = """
:root { color-scheme: light dark; --ink: #1e293b; --soft: #64748b; --line: #cbd5e1;
  --page: #f0f9ff; --card: #fff; --blue: #0369a1; }
@media (prefers-color-scheme: dark) { :root { --ink: #e2e8f0; --soft: #94a3b8; --line: #334155;
  --page: #0f172a; --card: #1e293b; --blue: #7dd3fc; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 24px 16px; color: var(--ink);
  background: var(--page); font: 16px/1.5 system-ui, sans-serif; }
header { display: flex; gap: 16px; align-items: center; justify-content: space-between; }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }
a { color: var(--blue); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  margin: 16px 0; overflow: hidden; }
.letter { display: block; padding: 12px 16px; border-top: 1px solid var(--line);
  color: inherit; text-decoration: none; }
.letter:first-child { border-top: 0; }
.letter:hover, .letter:focus { background: color-mix(in srgb, var(--blue) 8%, transparent); }
.letter b { display: block; overflow-wrap: anywhere; }
.soft, dt { color: var(--soft); }
.pad { padding: 16px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 0; }
dd { margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0; padding: 12px 16px; border-bottom: 1px solid var(--line); }
iframe { display: block; width: 100%; height: 70vh; border: 0; background: #fff; }
pre { margin: 0; padding: 16px; white-space: pre-wrap; overflow-wrap: anywhere; }
button { font: inherit; min-height: 44px; padding: 0 16px; border-radius: 8px;
  border: 1px solid var(--line); background: var(--card); color: inherit; cursor: pointer; }
"""


def letter_list(letters: Iterable[Letter]) -> str:
    """Render all letters, the newest first; the page looks again every five seconds."""
    rows = "".join(_row(letter) for letter in letters)
    delete = '<form method="post" action="/delete"><button>Delete all</button></form>'
    return _page(
        "Mail catcher",
        f"<header><h1>Mail catcher</h1>{delete if rows else ''}</header>"
        '<p class="soft">Every letter the application sends ends here. Nothing leaves this '
        "machine.</p>"
        f'<main class="card">{rows or "<p class=pad>No letters yet.</p>"}</main>',
        head='<meta http-equiv="refresh" content="5">',
    )


def letter_page(letter: Letter) -> str:
    """Render one letter: envelope, HTML, text, attachments."""
    source = f"/messages/{letter.id}"
    facts = {
        "From": letter.sender,
        "To": ", ".join(letter.recipients),
        "Date": _moment(letter),
    }
    listed = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    links = [_attachment_link(letter, number) for number in range(len(letter.attachments))]
    if links:
        listed += f"<dt>Attached</dt><dd>{'<br>'.join(links)}</dd>"
    return _page(
        letter.subject or "(no subject)",
        f'<p><a href="/">All letters</a></p><header><h1>{_subject(letter)}</h1></header>'
        f'<div class="card pad"><dl>{listed}</dl></div>'
        f"<main>{_html_card(letter)}{_text_card(letter)}</main>"
        f'<p><a href="{source}/raw">Raw source</a></p>',
    )


def letter_html(letter: Letter) -> str:
    """Return the letter's own HTML: links open a tab of their own, enclosed pictures are found."""
    html = letter.html
    for number, part in enumerate(letter.attachments):
        if part.content_id:
            html = html.replace(f"cid:{part.content_id}", attachment_path(letter, number))
    base = '<base target="_blank">'
    with_base, found = re.subn(r"(<head[^>]*>)", rf"\1{base}", html, count=1, flags=re.IGNORECASE)
    return with_base if found else base + html


def attachment_path(letter: Letter, number: int) -> str:
    """Return the address of an attachment, counted from 0."""
    return f"/messages/{letter.id}/attachments/{number}"


def not_found() -> str:
    """Render the page for an address that is none."""
    return _page("Not found", '<h1>Not found</h1><p><a href="/">All letters</a></p>')


def _page(title: str, body: str, head: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>{head}</head>"
        f"<body>{body}</body></html>"
    )


def _row(letter: Letter) -> str:
    clip = " · attachment" if letter.attachments else ""
    return (
        f'<a class="letter" href="/messages/{letter.id}"><b>{_subject(letter)}</b>'
        f'<span class="soft">to {escape(", ".join(letter.recipients))} · '
        f"{_moment(letter)}{clip}</span></a>"
    )


def _subject(letter: Letter) -> str:
    return escape(letter.subject) or "(no subject)"


def _html_card(letter: Letter) -> str:
    if not letter.html:
        return ""
    return (
        '<section class="card"><h2>As shown</h2><iframe title="The letter as shown" '
        'sandbox="allow-popups allow-popups-to-escape-sandbox" '
        f'src="/messages/{letter.id}/html"></iframe></section>'
    )


def _text_card(letter: Letter) -> str:
    if not letter.text:
        return ""
    return f'<section class="card"><h2>As text</h2><pre>{escape(letter.text)}</pre></section>'


def _attachment_link(letter: Letter, number: int) -> str:
    part = letter.attachments[number]
    return (
        f'<a href="{attachment_path(letter, number)}" download="{escape(part.name)}">'
        f'{escape(part.name)}</a> <span class="soft">{escape(part.media_type)}, '
        f"{len(part.content):,} bytes</span>"
    )


def _moment(letter: Letter) -> str:
    """Return the letter's own date as a person writes it, in the letter's own zone."""
    if not letter.date:
        return "no date"
    return f"{datetime.fromisoformat(letter.date):%d %b %Y, %H:%M}"
