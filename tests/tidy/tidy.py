#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what the compiler cannot: arrows between rooms, bans, limits, dead files.

usage: tidy.py [root of the repository]

Prints "file:line: rule: what to do" for each finding and ends with 1 if there are any. A line is
excused by a comment on it or on the line above:  // tidy: allow(<rule>) <reason>
"""

import itertools
import os
import re
import subprocess
import sys
from collections import namedtuple

import cpptext

Finding = namedtuple("Finding", "path line rule message")

CPP = (".h", ".cpp")
SOURCE = CPP + (".proto", ".cmake", ".py", ".sh", ".pml", "CMakeLists.txt", "dev", ".ci/run")
TEXT = SOURCE + (".md", ".json", ".txt", ".yml", ".yaml", ".clang-format", ".clang-tidy", ".scn")
LINES_MAX = {".h": 250, ".cpp": 600}
FUNCTION_LINES_MAX = 70
ROOM_CMAKE_LINES_MAX = 40
COLUMNS_MAX = 100
OUTER_ROOMS = ("plugins", "agent", "gui")  # not under platform/

PURE = "base wire consensus store config engine".split()
THREADLESS = PURE + ["storage"]
ORDERED = "consensus store engine".split()

# rule, where (rooms of platform/, or path prefixes that end in "/"), pattern in code, what to do
Ban = namedtuple("Ban", "rule where pattern advice")
BANS = [
    Ban("ban-thread", THREADLESS + ["plugins/"],
        r"\b(QTimer|QThread\w*|QtConcurrent|QEventLoop|QCoreApplication|std::j?thread|std::async"
        r"|Q?[mM]utex)\b", "threads, timers and event loops belong to node; a plugin's context has "
        "clock(), spawn() and offload()"),
    Ban("ban-clock", THREADLESS + ["testkit", "plugins/"],
        r"\b(Q(Date)?Time::current\w+|QElapsedTimer|QDeadlineTimer|\w+_clock::now|gettimeofday"
        r"|clock_gettime|(std::)?time\s*\(\s*(nullptr|NULL|0)\s*\))",
        "take the time from the Clock that was handed in"),
    Ban("ban-random", THREADLESS,
        r"\b(QRandomGenerator|QUuid::createUuid|random_device|s?rand\s*\()",
        "take random numbers from the Random that was handed in"),
    Ban("ban-log", THREADLESS,
        r"\b(q(Debug|Info|Warning|Critical|CDebug|CInfo|CWarning|CCritical)\s*\("
        r"|std::(cout|cerr|clog)|printf\s*\()",
        "return an Error or an effect; logging belongs to node"),
    Ban("ban-io", PURE,
        r"\b(QFile|QDir|QSaveFile|QSettings|Q\w*Socket|std::[io]?fstream|fopen|getenv|qgetenv)\b",
        "the disk, sockets and the environment are handed in as interfaces"),
    Ban("hash-order", ORDERED, r"\b(Q(Multi)?Hash|QSet|(std::)?unordered_\w+)\b",
        "use a sorted container; hash order differs from run to run"),
    Ban("float", "consensus store".split(), r"\b(float|double|qreal)\b",
        "use integers; replicas must agree to the last bit"),
    Ban("sender", [""], r"(?:(?<=QObject::)|(?<=return )|(?<=[(,=!&|;{])|(?<=[(,=!&|;{] )|^\s*)"
        r"sender\s*\(\s*\)(?!\s*(const|override|\{))", "capture what you need; no sender()"),
    Ban("capture-all", [""], r"\[\s*=\s*[\],]", "capture by name, never [=]"),
    Ban("await-condition", [""], r"\b(if|while|for|switch)\s*\(.*\bco_await\b",
        "GCC 12 comes back to a wrong place: put the result into a const local first"),
    Ban("await-closure", [""], r"\bco_await\b.*(\[[^\]]+\]\s*[({]|\w\(\{)",
        "GCC 12 destroys the closure or the aggregate twice: give it a name first"),
    Ban("return-moves", [""],
        r"\bco_return\s+\*?(m_\w+|\w+(->|\.)(m_\w+|first|second)|[\w.>-]*\[[^\]]*\])\s*;",
        "QCoro 0.8 moves what is named here out of where it is: return a copy"),
    Ban("bare-delete", [""], r"\bdelete\s*(\[\s*\])?\s+[\w(*:]",
        "give it an owner: a value member or std::unique_ptr"),
    Ban("sleep", ["tests/"], r"\b(sleep_for|sleep_until|usleep|nanosleep|q(Wait|Sleep)\s*\()",
        "tests do not sleep: use the virtual clock or QTRY_*"),
]
BANS = [ban._replace(pattern=re.compile(ban.pattern)) for ban in BANS]

RULES = {ban.rule for ban in BANS} | {
    "spdx", "pragma-once", "file-name", "include-path", "own-header-first", "arrows",
    "private-header", "using-namespace", "file-lines", "function-lines", "columns", "todo",
    "dead-code", "banner", "dead-file", "nodiscard-task", "await-list", "sim-engine",
    "machine-path", "allow",
}

# Put together at run time, so that this file does not name such a path itself.
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(" + "|".join(["work", "root", r"home/\w+"]) + r")/")
ALLOW = re.compile(r"tidy: allow\(([\w-]*)\)[ \t]*(\S?)")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
IMPORT = re.compile(r'^\s*import\s+(?:public\s+)?(")([^"]+)"')
DEAD_CODE = re.compile(
    r"^//(?!/)\s*(#\s*include\b.*|(return|if|for|while|switch|auto|const)\b.*[;{]|[^`]*\)\s*[;{]"
    r"|[\w:.>\[\]*& -]+ [+|&-]?= [^`]*;|\})\s*$")
TASK = re.compile(r"^\s*(static |virtual |inline )*([\w:]+::)?Task<.*> \w+\(.*[;,({]")
BANNER = re.compile(r"([-=*#/_])\1{9,}")
TODO = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))")


class File:
    """One file, its lines, and for C++ its code and comments apart."""

    def __init__(self, path, text):
        self.path = path
        self.lines = text.splitlines()
        self.isCpp = path.endswith(CPP)
        if path.endswith(CPP + (".proto",)):
            code, comments = cpptext.split(text)
        else:  # Roughly: a # in a string counts as a comment.
            code, comments = text, re.sub(r"(?m)^([^#\n]*)", "", text)
        self.code = code
        self.codeLines, self.commentLines = code.splitlines(), comments.splitlines()

    @property
    def room(self):
        """The room that the file belongs to: "store", "plugins/goconf", or None in tests."""
        parts = self.path.split("/")
        if parts[0] == "platform" and len(parts) > 2:
            return parts[1]
        if parts[0] == "plugins" and len(parts) > 2:
            return "/".join(parts[:2])
        return parts[0] if parts[0] in OUTER_ROOMS else None

    def includes(self):
        """Yields (line, bracket, path) of each include or proto import."""
        pattern = IMPORT if self.path.endswith(".proto") else INCLUDE
        for number, (raw, code) in enumerate(zip(self.lines, self.codeLines), 1):
            match = pattern.match(raw)
            if match and code.strip():
                yield number, match.group(1), match.group(2)


class Arrows:
    """The table of docs/ARCHITECTURE.md: which room may include which."""

    DOCUMENT = "docs/ARCHITECTURE.md"

    def __init__(self, text):
        match = re.search(r"<!-- arrows:begin -->\n(.*?)<!-- arrows:end -->", text, re.DOTALL)
        rows = re.findall(r"(?m)^\| *([a-z/]+) *\| *([^|]*?) *\|", match.group(1) if match else "")
        self._table = {}
        names = {room for room, _ in rows} - {"room"}
        for room, allowed in rows:
            if room in names:
                self._table[room] = self._parse(allowed, names - {room})

    @staticmethod
    def _parse(cell, names):
        everything, _, excluded = cell.partition("everything except ")
        words = set(re.findall(r"[\w/.]+", excluded or everything))
        return names - words if excluded else words - {"nothing"}

    def rooms(self):
        return set(self._table)

    def row(self, room):
        """The row of a room; a plugin without one has the row "plugins"."""
        return self._table.get(room, self._table.get(room.split("/")[0]))

    def permits(self, room, include):
        target = include.split("/")[0]
        row = self.row(room)
        return target == room.split("/")[-1] or target in row or include in row

    def cycle(self):
        """A room that can reach itself, or None."""
        for start in sorted(self._table):
            seen, todo = set(), [start]
            while todo:
                for target in self._table.get(todo.pop(), ()):
                    target = target.split("/")[0]
                    if target == start:
                        return start
                    if target not in seen:
                        seen.add(target)
                        todo.append(target)
        return None


def checkEveryFile(file):
    if file.path.endswith(SOURCE) and not any(
            "SPDX-License-Identifier: Apache-2.0" in line for line in file.lines[:3]):
        yield 1, "spdx", "begin with a comment: SPDX-License-Identifier: Apache-2.0"
    for number, line in enumerate(file.lines, 1):
        if MACHINE_PATH.search(line):
            yield number, "machine-path", "name no directory of one machine"
        isCode = file.path.endswith(SOURCE) and not file.path.startswith("docs/")
        if isCode and len(line) > COLUMNS_MAX:
            yield number, "columns", f"{len(line)} columns, at most {COLUMNS_MAX}"
    if not file.path.endswith(SOURCE):
        return
    for number, comment in enumerate(file.commentLines, 1):
        if TODO.search(comment):
            yield number, "todo", "write TODO(#issue), or do it"
        for rule, reason in ALLOW.findall(comment):
            if rule not in RULES or not reason:
                yield number, "allow", "write: tidy: allow(<rule>) <reason>"


def checkCpp(file):
    isHeader = file.path.endswith(".h")
    name = file.path.split("/")[-1]
    if not re.fullmatch(r"[a-z0-9_]+\.(h|cpp)", name):
        yield 1, "file-name", "file names are all lower case: a-z, 0-9 and _"
    if isHeader and "#pragma once" not in file.lines:
        yield 1, "pragma-once", "a header says #pragma once"
    limit = LINES_MAX[name[name.rindex("."):]]
    if len(file.lines) > limit:
        yield 1, "file-lines", f"{len(file.lines)} lines, at most {limit}; split it"
    for line, length in cpptext.functions(file.code):
        if length > FUNCTION_LINES_MAX:
            yield line, "function-lines", f"{length} lines, at most {FUNCTION_LINES_MAX}; split it"
    bans = [ban for ban in BANS if applies(ban, file)]
    for number, code in enumerate(file.codeLines, 1):
        before = file.codeLines[number - 2] if number > 1 else ""
        if isHeader and TASK.match(code) and "[[nodiscard]]" not in before + code:
            yield number, "nodiscard-task", "a task that nobody awaits is lost: [[nodiscard]]"
        if isHeader and re.search(r"\busing\s+namespace\b", code):
            yield number, "using-namespace", "a header opens no namespace for others"
        for ban in bans:
            if ban.pattern.search(code):
                yield number, ban.rule, ban.advice
    for number in awaitsOverLists(file.codeLines):
        yield number, "await-list", "GCC 12 does not keep the list over a co_await: name it first"
    for number, comment in enumerate(file.commentLines, 1):
        if DEAD_CODE.match(comment.strip()):
            yield number, "dead-code", "delete code instead of commenting it out; git remembers"
        if BANNER.search(comment.strip().removeprefix("//").removeprefix("/*")):
            yield number, "banner", "no banners; split the file if it needs them"


LIST_LOOP = re.compile(r"^(\s*)for \([^;{]*:\s*\{.*\) \{$")


def awaitsOverLists(lines):
    """The lines where a loop over a list in braces begins whose body awaits."""
    for index, line in enumerate(lines):
        if "for (" not in line:
            continue
        following = lines[index + 1] if index + 1 < len(lines) else ""
        loop = LIST_LOOP.match(line) or LIST_LOOP.match(line + following.strip())
        if not loop:
            continue
        end = loop[1] + "}"
        body = itertools.takewhile(lambda code: code.rstrip() != end, lines[index + 1:])
        if any("co_await" in code for code in body):
            yield index + 1


def applies(ban, file):
    return any(file.room == where if where and not where.endswith("/")
               else file.path.startswith(where)
               for where in ban.where)


def checkIncludes(file, arrows, paths):
    own = file.path.rsplit("/", 1)[-1].replace(".cpp", ".h")
    hasOwn = file.path.endswith(".cpp") and file.path.replace(".cpp", ".h") in paths
    for index, (number, bracket, include) in enumerate(file.includes()):
        if index == 0 and hasOwn and include.split("/")[-1] != own:
            yield number, "own-header-first", f"include {own} first"
        if bracket == '"' and not include.endswith(".moc") and (
                "/" not in include or include.startswith(".")):
            yield number, "include-path", 'begin at the room: "store/tree.h"'
        target = include.split("/")[0]
        if include.endswith("_p.h") and bracket == '"' and target != file.room and (
                not file.path.startswith(f"tests/unit/{target}/")):
            yield number, "private-header", f"only {target} and its unit tests may include _p.h"
        isOurs = "/" in include and (bracket == '"' or target in arrows.rooms())
        if file.room and arrows.row(file.room) is not None and isOurs and (
                not include.startswith(".") and not arrows.permits(file.room, include)):
            yield number, "arrows", f"{file.room} may not include {target}; see {Arrows.DOCUMENT}"


def checkCMake(file, arrows):
    isRoom = file.room is not None or file.path.startswith("tests/unit/")
    if isRoom and len(file.lines) > ROOM_CMAKE_LINES_MAX:
        yield 1, "file-lines", (
            f"{len(file.lines)} lines, at most {ROOM_CMAKE_LINES_MAX}: files and links, no more")
    if file.room and arrows.row(file.room) is None:
        yield 1, "arrows", f"give {file.room} a row in {Arrows.DOCUMENT}"
    elif file.room:
        for number, line in enumerate(file.lines, 1):
            for target in re.findall(r"\bCoffer::(\w+)", line.partition("#")[0]):
                if target in arrows.rooms() and not arrows.permits(file.room, target):
                    yield number, "arrows", (
                        f"{file.room} may not link {target}; see {Arrows.DOCUMENT}")


def checkTree(files, arrows):
    """What only the whole tree shows: yields (path, line, rule, message)."""
    if not arrows.rooms():
        yield Arrows.DOCUMENT, 1, "arrows", "keep the table between the arrows markers"
    if arrows.cycle():
        yield Arrows.DOCUMENT, 1, "arrows", f"there is a cycle through {arrows.cycle()}"
    sim = files.get("tests/sim/CMakeLists.txt")
    if sim is None or "Coffer::engine" not in sim.code:
        yield "tests/sim/CMakeLists.txt", 1, "sim-engine", (
            "the simulator runs what ships: link Coffer::engine")
    included = {include for file in files.values() for _, _, include in file.includes()}
    for path in files:
        folder, _, name = path.rpartition("/")
        if not path.startswith(("platform/", "tests/") + tuple(f"{room}/" for room in OUTER_ROOMS)):
            continue
        if path.endswith((".cpp", ".proto")) and not isNamedInCMake(files, folder, name):
            yield path, 1, "dead-file", "name it in a CMakeLists.txt, or delete it"
        if path.endswith(".h") and not {path, "/".join(path.split("/")[1:])} & included:
            yield path, 1, "dead-file", "nobody includes it: delete it"


def isNamedInCMake(files, folder, name):
    """True if the CMakeLists.txt of the folder or of one above names the file. Programs of the
    tests may be named without .cpp, as coffer_add_test(tst_tree ...)."""
    stem = name.removesuffix(".cpp")
    word = re.escape(stem) + (r"(\.cpp)?" if re.match(r"(tst|fuzz|bench)_", name)
                              else re.escape(name[len(stem):]))
    pattern = re.compile(r"(?<![\w.-])" + word + r"(?![\w.-])")
    while folder:
        cmake = files.get(f"{folder}/CMakeLists.txt")
        if cmake and pattern.search(re.sub(r"#.*", "", cmake.code)):
            return True
        folder = folder.rpartition("/")[0]
    return False


def isExcused(files, finding):
    file = files.get(finding.path)
    if file is None:
        return False
    here = file.lines[finding.line - 1:finding.line]
    above = [line for line in file.lines[max(0, finding.line - 2):finding.line - 1]
             if line.strip().startswith(("//", "#"))]
    return any(rule == finding.rule for line in here + above for rule, _ in ALLOW.findall(line))


def check(texts):
    """All findings for {path: text}, sorted, without the excused ones."""
    files = {path: File(path, text) for path, text in texts.items()}
    arrows = Arrows(texts.get(Arrows.DOCUMENT, ""))
    findings = [Finding(*row) for row in checkTree(files, arrows)]
    for file in files.values():
        rows = list(checkEveryFile(file))
        if file.isCpp:
            rows += checkCpp(file)
        if file.path.endswith(CPP + (".proto",)):
            rows += checkIncludes(file, arrows, texts)
        if file.path.endswith("CMakeLists.txt"):
            rows += checkCMake(file, arrows)
        findings += [Finding(file.path, *row) for row in rows]
    return sorted(finding for finding in findings if not isExcused(files, finding))


def listFiles(root):
    """The files of the repository, those not yet committed included; all files without git."""
    command = ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        return sorted(set(filter(None, listed.split("\0"))))
    except (OSError, subprocess.CalledProcessError):
        found = []
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if name not in ("build", ".git", "__pycache__")]
            found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
        return sorted(found)


def main(arguments):
    root = arguments[0] if arguments else os.path.join(os.path.dirname(__file__), "..", "..")
    texts = {}
    for path in listFiles(root):
        full = os.path.join(root, path)
        if path.endswith(TEXT) and os.path.isfile(full) and not os.path.islink(full):
            with open(full, encoding="utf-8") as file:
                texts[path] = file.read()
    findings = check(texts)
    for finding in findings:
        print(f"{finding.path}:{finding.line}: {finding.rule}: {finding.message}")
    print(f"tidy: {len(texts)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
