"""Printing: the same bytes each time, and nothing read, asked for or brought down by a hostile document."""

import hashlib
import http.server
import io
import os
import signal
import threading
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from pypdf import PdfReader

from models.errors import Refused, Unavailable
from tasks.gateways import pdf_process
from tasks.gateways.pdf import APT_LINE, WeasyPrinter, missing_libraries

pytestmark = pytest.mark.skipif(missing_libraries() is not None, reason=f"PDF needs: {missing_libraries()}")

WHEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = "attack at dawn"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9">{}</svg>'


@pytest.fixture(scope="module")
def printer():
    printer = WeasyPrinter(processes=1, seconds=30)
    yield printer
    printer.close()


@pytest.fixture
def hasty():
    """A printer with short limits."""
    printer = WeasyPrinter(processes=1, seconds=2, memory_mb=256)
    yield printer
    printer.close()


@pytest.fixture(scope="module")
def web():
    """A real web server that notes who asks, and answers /away with a redirect."""
    asked = []

    class Web(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/there")
            self.end_headers()

        def log_message(self, format, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def folder(tmp_path):
    """Assets: a logo, a style, a script of no business there, and two ways out."""
    (tmp_path / "secret.txt").write_text(SECRET)
    (tmp_path / "secret.css").write_text(f"p::after {{ content: '{SECRET}' }}")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "logo.svg").write_text(SVG.format('<rect width="9" height="9" fill="#f00"/>'))
    (tmp_path / "assets" / "print.css").write_text("p::after { content: ' in style' }")
    (tmp_path / "assets" / "rates.toml").write_text(SECRET)
    (tmp_path / "assets" / "out.css").symlink_to(tmp_path / "secret.css")
    (tmp_path / "assets" / "way").symlink_to(tmp_path)
    return tmp_path / "assets"


def reader(content):
    return PdfReader(io.BytesIO(content))


def words(content):
    return " ".join(page.extract_text() for page in reader(content).pages)


def data(svg):
    return "data:image/svg+xml;base64," + b64encode(SVG.format(svg).encode()).decode()


def test_a_document_is_printed_with_its_words_title_and_dates(printer):
    content = printer.print("<title>x</title><p>Grüße, мир</p>", when=WHEN, title="Proposal P-42 v2")

    assert content.startswith(b"%PDF-")
    assert "Grüße, мир" in words(content)
    assert reader(content).metadata.title == "Proposal P-42 v2"
    assert reader(content).metadata.creation_date == reader(content).metadata.modification_date == WHEN


def test_letters_that_no_font_of_the_machine_has_stop_no_document(printer):
    content = printer.print("<p>Grüße, नमस्ते, \U0001fabf, \ue000</p>", when=WHEN)

    assert len(reader(content).pages) == 1


def test_the_moment_counts_not_the_zone_it_is_told_in(printer):
    there = WHEN.astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert printer.print("<p>x", when=WHEN) == printer.print("<p>x", when=there) != printer.print("<p>x", when=WHEN + timedelta(seconds=1))


def test_two_processes_print_the_same_bytes(folder):
    html = "<link rel=stylesheet href=print.css><img src=logo.svg>" + "<h1>Ä Б</h1><p>text</p><table><tr><td>1<td>2</table>" * 40
    sums = set()
    for _ in range(2):
        printer = WeasyPrinter()
        for _ in range(2):
            sums.add(hashlib.sha256(printer.print(html, assets=[folder], when=WHEN)).hexdigest())
        printer.close()

    assert len(sums) == 1


def test_assets_are_found_by_their_relative_names_in_each_folder_in_turn(printer, folder, tmp_path):
    (tmp_path / "mine").mkdir()
    html = "<link rel=stylesheet href='print.css'><p>words</p>"

    assert "words in style" in words(printer.print(html, assets=[folder], when=WHEN))
    assert "words in style" in words(printer.print(html, assets=[tmp_path / "mine", folder], when=WHEN))
    (tmp_path / "mine" / "print.css").write_text("p::after { content: ' in mine' }")
    assert "words in mine" in words(printer.print(html, assets=[tmp_path / "mine", folder], when=WHEN))


def test_what_was_asked_for_and_denied_is_logged(printer, folder, caplog):
    printer.print("<img src=logoo.svg>", assets=[folder], when=WHEN)

    assert "logoo.svg" in caplog.text


def test_fonts_of_one_document_do_not_reach_the_next(printer):
    plain = printer.print("<p style='font-family:Spy'>x", when=WHEN)
    fonts = [path for path in Path("/usr/share/fonts").rglob("*.ttf") if "Mono" in path.name]
    if not fonts:
        pytest.skip("needs a font of its own kind to tell the difference")
    src = "data:font/ttf;base64," + b64encode(fonts[0].read_bytes()).decode()

    own = printer.print(f"<style>@font-face{{font-family:Spy;src:url({src})}}</style><p style='font-family:Spy'>x", when=WHEN)

    assert own != plain
    assert printer.print("<p style='font-family:Spy'>x", when=WHEN) == plain


READING = {
    "file in an image": '<img src="{secret}"><p>ok',
    "file in a style": '<link rel=stylesheet href="{style}"><p>ok',
    "file imported by a style": '<style>@import "{style}";</style><p>ok',
    "file imported by a style in a data address": "<link rel=stylesheet href=\"data:text/css,@import '{style}';\"><p>ok",
    "file above the assets": "<link rel=stylesheet href=../secret.css><p>ok",
    "file above the assets, encoded": "<link rel=stylesheet href=%2e%2e/secret.css><p>ok",
    "file behind a link": "<link rel=stylesheet href=out.css><p>ok",
    "file behind a linked folder": "<link rel=stylesheet href=way/secret.css><p>ok",
    "file of another host": '<link rel=stylesheet href="file://localhost{plain}"><p>ok',
    "base moved": '<base href="file:///"><link rel=stylesheet href="{plain}"><p>ok',
    "file attached": '<link rel=attachment href="{secret}"><p>ok',
    "asset attached": "<link rel=attachment href=rates.toml><p>ok",
    "good asset attached": "<link rel=attachment href=logo.svg><p>ok",
    "file attached to an anchor": '<p>ok<a rel=attachment href="{secret}">here</a>',
    "data attached to an anchor": '<p>ok<a rel=attachment href="data:,attack%20at%20dawn">here</a>',
    "set-up shown as an image": "<object data=rates.toml></object><p>ok",
    "file in an object": '<object data="{secret}">fallback</object><embed src="{secret}"><p>ok',
    "file in a list": '<ul style="list-style-image:url({secret})"><li>ok</ul>',
    "file as content": '<p>ok<b style="content:url({secret})">x</b>',
    "text of a file as content": "<style>p::before{{content:attr(x) url('{secret}')}}</style><p x=y>ok",
    "file in an svg": '<img src="{svg_file}"><p>ok',
    "entity in an svg": '<img src="data:image/svg+xml;base64,{entity}"><p>ok',
}


@pytest.mark.parametrize("attack", READING)
def test_a_document_cannot_read(printer, folder, attack):
    style, secret = folder.parent / "secret.css", folder.parent / "secret.txt"
    entity = f'<!DOCTYPE svg [<!ENTITY x SYSTEM "{secret.as_uri()}">]>' + SVG.format("<text y='8'>&x;</text>")
    html = READING[attack].format(
        secret=secret.as_uri(),
        style=style.as_uri(),
        plain=style,
        svg_file=data(f'<image href="{secret.as_uri()}" width="9" height="9"/><use xlink:href="{style.as_uri()}#a"/>'),
        entity=b64encode(entity.encode()).decode(),
    )

    content = printer.print(html, assets=[folder], when=WHEN)

    assert "ok" in words(content)
    assert "dawn" not in words(content)
    assert not reader(content).attachments
    assert content == printer.print(html, assets=[folder], when=WHEN)


ASKING = {
    "image": '<img src="{url}/a.png"><p>ok',
    "image by its short scheme": '<base href="{url}"><img src="//{host}/a.png"><p>ok',
    "redirect": '<img src="{url}/away"><p>ok',
    "style": '<link rel=stylesheet href="{url}/a.css"><p>ok',
    "import": "<style>@import url({url}/a.css);</style><p>ok",
    "font": '<style>@font-face{{font-family:x;src:url("{url}/x.woff2")}} p{{font-family:x}}</style><p>ok',
    "background": '<p style="background:url({url}/a.png)">ok',
    "svg image": '<img src="{svg_image}"><p>ok',
    "svg use": '<img src="{svg_use}"><p>ok',
    "svg style": '<img src="{svg_style}"><p>ok',
    "inline svg": '<svg width="9" height="9"><image href="{url}/a.png" width="9" height="9"/><use href="{url}/a.svg#x"/></svg><p>ok',
    "attachment": '<link rel=attachment href="{url}/a.pdf"><p>ok',
    "anchor attachment": '<p>ok<a rel=attachment href="{url}/a.pdf">x</a>',
    "ftp": '<img src="ftp://{host}/a.png"><p>ok',
    "upper case": '<img src="HTTP://{host}/a.png"><p>ok',
    "frame": '<iframe src="{url}/a"></iframe><object data="{url}/b"></object><embed src="{url}/c"><video src="{url}/d"></video><p>ok',
}


@pytest.mark.parametrize("attack", ASKING)
def test_a_document_cannot_ask_the_network(printer, web, attack):
    url, asked = web
    html = ASKING[attack].format(
        url=url,
        host=url.removeprefix("http://"),
        svg_image=data(f'<image href="{url}/a.png" xlink:href="{url}/b.png" width="9" height="9"/>'),
        svg_use=data(f'<use href="{url}/a.svg#x" xlink:href="{url}/a.svg#x"/>'),
        svg_style=data(f'<style>@import "{url}/a.css"; rect {{ fill: url({url}/b.svg#x) }}</style><rect width="9" height="9"/>'),
    )

    assert "ok" in words(printer.print(html, when=WHEN))
    assert asked == []


def test_a_colour_profile_from_elsewhere_is_refused_and_not_asked_for(printer, web):
    url, asked = web
    for place in (url + "/x.icc", "file:///etc/passwd"):
        with pytest.raises(Refused, match="cannot be printed"):
            printer.print(f"<style>@color-profile --x{{src:url({place})}}</style><p style='color:color(--x 1 0 0)'>x", when=WHEN)
    assert asked == []


def doubled(count):
    return "".join(f"--v{n}:var(--v{n - 1}) var(--v{n - 1});" for n in range(1, count))


def used(count):
    return "".join(f'<g id="a{n}">' + f'<use href="#a{n - 1}"/>' * 10 + "</g>" for n in range(1, count)) + f'<use href="#a{count - 1}"/>'


BOMBS = {
    "nested flex boxes": '<div style="display:flex">' * 12 + "x" + "</div>" * 12 + '<div style="display:flex">' * 30 + "x",
    "wide cells": "<table>" + "<tr><td colspan=100000>x</td>" * 3 + "</table>",
    "style variables": f"<style>:root{{--v0:xxxxxxxxxxxxxxxx;{doubled(40)}}} p{{font-family:var(--v39)}}</style><p>x",
    "svg use": '<img src="' + data('<g id="a0"><rect width="1" height="1"/></g>' + used(10)) + '">',
    "huge table": "<table>" + ("<tr>" + "<td>x" * 300) * 300 + "</table>",
    "deep nesting": "<div>" * 20_000,
    "many pages": "<p style='break-after:page'>x</p>" * 50_000,
    "memory": "<style>p{content:'" + "x" * 2000 + "'}</style>" + "<p><b>y</b></p>" * 150_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_document_that_would_never_end_is_stopped_and_the_next_one_is_printed(hasty, bomb):
    with pytest.raises(Refused, match=r"longer than 2 seconds|too much memory|cannot be printed"):
        hasty.print(BOMBS[bomb], when=WHEN)

    assert "next" in words(hasty.print("<p>next", when=WHEN))


def test_a_document_that_takes_too_much_memory_is_stopped():
    printer = WeasyPrinter(seconds=200, memory_mb=16)

    with pytest.raises(Refused, match=r"memory|died of it"):
        printer.print("<p><b>y</b></p>" * 60_000, when=WHEN)

    assert printer.print("<p>next", when=WHEN)
    printer.close()


def test_a_document_of_endless_length_is_refused_at_once(printer):
    with pytest.raises(Refused, match="too long"):
        printer.print("x" * (16 * 1024 * 1024 + 1), when=WHEN)


def children():
    """The ids of our living children that print."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text, command = status.read_text(), (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if f"PPid:\t{os.getpid()}\n" in text and b"pdf_child" in command:
            found.append(int(status.parent.name))
    return set(found)


def test_a_child_that_is_killed_in_the_middle_is_replaced_and_the_document_is_printed():
    before = children()
    printer = WeasyPrinter(processes=1, seconds=60)
    printer.print("<p>warm", when=WHEN)
    (child,) = children() - before

    with ThreadPoolExecutor(1) as thread:
        job = thread.submit(printer.print, "<table>" + "<tr><td>x<td>y" * 500 + "</table><p>whole", when=WHEN)
        time.sleep(0.3)
        os.kill(child, signal.SIGKILL)
        content = job.result()

    assert "whole" in words(content)
    assert child not in children()
    printer.close()
    assert children() <= before


def test_a_child_that_was_killed_while_idle_is_replaced():
    before = children()
    printer = WeasyPrinter()
    printer.print("<p>one", when=WHEN)
    (child,) = children() - before

    os.kill(child, signal.SIGKILL)

    assert "two" in words(printer.print("<p>two", when=WHEN))
    printer.close()


def test_a_child_that_has_nothing_to_do_ends_and_the_next_document_has_another():
    before = children()
    printer = WeasyPrinter(idle=0.2)
    assert "one" in words(printer.print("<p>one", when=WHEN))
    until = time.monotonic() + 30
    while alive(children() - before) and time.monotonic() < until:
        time.sleep(0.05)
    assert alive(children() - before) == set()
    assert "two" in words(printer.print("<p>two", when=WHEN))
    printer.close()


def alive(processes: set[int]) -> set[int]:
    """Those that have not ended, whether somebody has asked for their end or not."""
    return {one for one in processes if Path(f"/proc/{one}/stat").exists() and " Z " not in Path(f"/proc/{one}/stat").read_text()}


def test_eight_threads_share_two_children():
    before = children()
    printer = WeasyPrinter(processes=2)

    with ThreadPoolExecutor(8) as threads:
        contents = list(threads.map(lambda n: printer.print(f"<p>number {n % 4}", when=WHEN), range(24)))

    assert len(children() - before) <= 2
    assert [words(content) for content in contents] == [f"number {n % 4}" for n in range(24)]
    assert len(set(contents)) == 4
    printer.close()


def test_nothing_is_started_before_it_is_needed_and_a_closed_printer_starts_again():
    before = children()
    printer = WeasyPrinter()
    assert children() == before

    printer.print("<p>x", when=WHEN)
    printer.close()
    assert children() == before

    assert printer.print("<p>x", when=WHEN)
    printer.close()


def test_a_child_gets_none_of_our_secrets(monkeypatch):
    monkeypatch.setenv("STUDIO_SECRET", "s3cret")
    before = children()
    printer = WeasyPrinter()
    printer.print("<p>x", when=WHEN)
    (child,) = children() - before

    assert b"s3cret" not in Path(f"/proc/{child}/environ").read_bytes()
    printer.close()


def test_missing_libraries_are_named_with_the_line_that_installs_them(monkeypatch):
    monkeypatch.setitem(pdf_process._LIBRARIES, "no-such-library", "0")

    assert missing_libraries() == APT_LINE
    with pytest.raises(Unavailable, match="apt-get install"):
        WeasyPrinter().print("<p>x", when=WHEN)
