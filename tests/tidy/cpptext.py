# SPDX-License-Identifier: Apache-2.0
"""C++ text cut into code and comments, just well enough for the rules of tidy.py."""

import re

_TOKEN = re.compile(
    r'R"(?P<d>[^()\\\s]{0,16})\(.*?\)(?P=d)"'  # raw string
    r"|//[^\n]*"
    r"|/\*.*?\*/"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'",  # not the separator of 1'000
    re.DOTALL,
)
_NOT_A_FUNCTION = re.compile(
    r"\s*(?:template\s*<.*>\s*)?(namespace|class|struct|union|enum|extern)\b", re.DOTALL)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def split(text):
    """Returns (code, comments): two texts with the lines of the original. In code, comments and
    the insides of literals are blank; in comments, everything else is."""
    code, comments, at = [], [], 0
    for match in _TOKEN.finditer(text):
        between, token = text[at:match.start()], match.group()
        code.append(between)
        comments.append(_blank(between))
        if token.startswith(("//", "/*")):
            code.append(_blank(token))
            comments.append(token)
        else:
            code.append('"' + _blank(token[1:-1]) + '"' if len(token) > 1 else token)
            comments.append(_blank(token))
        at = match.end()
    code.append(text[at:])
    comments.append(_blank(text[at:]))
    return "".join(code), "".join(comments)


def functions(code):
    """Yields (line, length) of the outermost function bodies in code made by split()."""
    code = re.sub(r"(?m)^[ \t]*#(?:.*\\\n)*.*$", lambda match: _blank(match.group()), code)
    stack, head, line = [], "", 1  # stack: (start line or 0 if no function, head)
    for at, char in enumerate(code):
        if char == "\n":
            line += 1
        if char == "{":
            inside = any(start for start, _ in stack)
            isFunction = "(" in head and not _NOT_A_FUNCTION.match(head)
            stack.append((line if isFunction and not inside else 0, head))
            head = ""
        elif char == "}" and stack:
            start, head = stack.pop()
            if start:
                yield start, line - start - 1
            # A member initialiser in braces: the head of the constructor goes on.
            if not re.match(r"\s*[,{]", code[at + 1:at + 200]):
                head = ""
        elif char == ";":
            head = ""
        else:
            head += char
