"""HTML: code keeps its lines, loses its line numbers, and is told which language it is in."""

from __future__ import annotations

import pytest
from parser_samples import PROSE

from embedctl.parsers import parse

LINES = "if gate:\n    close()"
NUMBERED_PRE = "<pre class='lineno'>1\n2\n</pre>"
SITES = {
    "pygments": f"<table class='highlighttable'><tr><td class='linenos'><pre>1\n2</pre></td><td class='code'>"
    f"<pre>{LINES}</pre>"
    "</td></tr></table>",
    "rouge": "<div class='highlight'><pre class='highlight'><code><table class='rouge-table'><tr><td class='gutter gl'>"
    f"{NUMBERED_PRE}</td><td class='code'><pre>{LINES}\n</pre></td></tr></table></code></pre></div>",
    "chroma": "<table class='lntable'><tr><td class='lntd'><pre><code><span class='lnt'>1\n</span>"
    "<span class='lnt'>2\n</span>"
    "</code></pre></td><td class='lntd'><pre><code><span class='line'><span class='cl'>if gate:\n</span></span>"
    "<span class='line'><span class='cl'>    close()\n</span></span></code></pre></td></tr></table>",
    "a row a line": "<table class='file'><tr><td class='blob-num' data-line-number='1'></td>"
    "<td class='blob-code'>if gate:</td>"
    "</tr><tr><td class='blob-num' data-line-number='2'></td><td class='blob-code'>    close()</td></tr></table>",
    "rows with code": "<table><tr><td>1</td><td><code>if gate:</code></td></tr><tr><td>2</td><td><code>    close()"
    "</code></td>"
    "</tr></table>",
    "syntaxhighlighter": "<div class='syntaxhighlighter'><table><tr><td class='gutter'><div class='line'>1</div>"
    "<div class='line'>2</div></td><td class='code'><div><div class='line'><code>if</code> <code>gate:</code></div>"
    "<div class='line'><code>&nbsp;&nbsp;&nbsp;&nbsp;</code><code>close()</code></div></div></td></tr></table></div>",
    "numbers in spans": "<pre><span class='linenos'>1</span>if gate:\n<span class='linenos'>2</span>    close()\n"
    "</pre>",
    "spans and breaks": "<pre><code><span class='token-line'>if gate:<br></span><span class='token-line'>    close()"
    "<br></span>"
    "</code></pre>",
    "spans in lines": "<pre><code><span class='line'>if gate:</span>\n<span class='line'>    close()</span></code>"
    "</pre>",
    "spans without line ends": "<pre><span class='code-line'>if gate:</span><span class='code-line'>    close()</span>"
    "</pre>",
    "blocks": "<pre><div>if gate:</div><div>    close()</div></pre>",
    "a code a line": "<pre><code>if gate:</code><code>    close()</code></pre>",
    "list": "<pre class='linenums'><ol class='linenums'><li class='L0'>if gate:</li>"
    "<li class='L1'>    close()</li></ol></pre>",
    "breaks": "<pre>if gate:<br>    close()</pre>",
    "code with breaks": "<p><code>if gate:<br>\n &nbsp;&nbsp;&nbsp;&nbsp;close()</code></p>",
    "copy button": f"<div><pre>{LINES}<button>Copy</button></pre><button class='copybtn'>Copy</button></div>",
    "old element": f"<listing>{LINES}</listing>",
    "cell": f"<table><tr><th>Name</th><th>Code</th></tr><tr><td>a</td><td><pre>{LINES}</pre></td></tr></table>",
}


@pytest.mark.parametrize("site", SITES)
def test_lines_of_code(site: str) -> None:
    page = f"<main><h1>Gates</h1><p>{PROSE * 3}</p>{SITES[site]}<p>End</p></main>"
    assert f"\n\n```\n{LINES}\n```\n\n" in parse(page.encode(), "a.html").text


@pytest.mark.parametrize(
    "block",
    [
        "<pre><code class='language-python'>x</code></pre>",
        "<div class='highlight-python notranslate'><div class='highlight'><pre>x</pre></div></div>",
        "<pre class='sourceCode python'><code>x</code></pre>",
        "<figure class='highlight python'><pre>x</pre></figure>",
        "<pre><code data-lang='python'>x</code></pre>",
        "<pre class='brush: python; toolbar: false'>x</pre>",
    ],
)
def test_language_of_code(block: str) -> None:
    assert parse(f"<body>{block}</body>".encode(), "a.html").text == "```python\nx\n```"


def test_tables_of_numbered_data_stay_tables() -> None:
    rows = "<tr><td>1</td><td>Upper gate</td></tr><tr><td>2</td><td>Lower gate</td></tr>"
    assert "| 2 | Lower gate |" in parse(f"<table>{rows}</table>".encode(), "a.html").text
