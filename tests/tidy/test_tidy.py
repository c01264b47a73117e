#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that every rule of tidy.py can fail, and that a clean tree passes."""

import unittest

import cpptext
import tidy

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
HEADER = SPDX + "#pragma once\n"
CMAKE = SPDX.replace("//", "#")
WORK = "/%s/" % "work"  # in parts, for this file is looked at too
SOURCE = SPDX + '#include "store/tree.h"\n'
TABLE = """# A
<!-- arrows:begin -->
| room | may include | note |
| --- | --- | --- |
| base | nothing | |
| store | base | |
| engine | base, store | |
| pluginapi | store/tree.h | |
| node | everything except client | |
| client | base | |
| agent | base, store | |
| plugins | base | |
| plugins/goconf | base, store | |
<!-- arrows:end -->
"""
CLEAN = {
    "docs/ARCHITECTURE.md": TABLE,
    "platform/base/ids.h": HEADER,
    "platform/store/CMakeLists.txt": CMAKE
    + "coffer_add_room(store SOURCES tree.cpp PROTOS row.proto LINKS Coffer::base)\n",
    "platform/store/row.proto": SPDX + 'syntax = "proto3";\n',
    "platform/store/tree.cpp": SOURCE + '\n#include "base/ids.h"\n\n#include "store/tree_p.h"\n',
    "platform/store/tree.h": HEADER,
    "platform/store/tree_p.h": HEADER,
    "tests/sim/CMakeLists.txt": CMAKE + "target_link_libraries(sim Coffer::engine)\n",
    "tests/unit/store/CMakeLists.txt": CMAKE + "coffer_add_test(tst_tree LINKS Coffer::store)\n",
    "tests/unit/store/tst_tree.cpp":
        SOURCE + '#include "store/tree_p.h"\n#include "tst_tree.moc"\n',
}
STORE = "platform/store/tree.cpp"
TEST = "tests/unit/store/tst_tree.cpp"

# Taken apart, so that tidy does not find them here.
LATER = "TO" "DO"
MARK = "tidy" ": allow"


def rules(changes):
    """The rules that the clean tree breaks after the changes; None deletes a file."""
    texts = {path: text for path, text in {**CLEAN, **changes}.items() if text is not None}
    return {finding.rule for finding in tidy.check(texts)}


def inStore(code):
    return {STORE: CLEAN[STORE] + code + "\n"}


def inPlugin(code):
    return {"plugins/lock/CMakeLists.txt": CMAKE + "l.cpp",
            "plugins/lock/l.cpp": SPDX + code + "\n"}


def function(lines):
    return "void f()\n{\n" + "    g();\n" * lines + "}\n"


# rule -> trees that break exactly this rule
BAD = {
    "spdx": [
        {STORE: CLEAN[STORE].removeprefix(SPDX)},
        {"platform/store/row.proto": 'syntax = "proto3";\n'},
        {"tests/x.py": "pass\n"},
    ],
    "pragma-once": [{"platform/store/tree.h": SPDX}],
    "file-name": [{"tests/unit/store/TreeHelp.cpp": SPDX, "tests/unit/store/CMakeLists.txt":
                   CMAKE + "coffer_add_test(tst_tree SOURCES tst_tree.cpp TreeHelp.cpp)\n"}],
    "include-path": [inStore('#include "tree.h"'), inStore('#include "../store/tree.h"')],
    "own-header-first": [{STORE: CLEAN[STORE].replace(SPDX, SPDX + '#include "base/ids.h"\n')}],
    "arrows": [
        inStore('#include "engine/engine.h"'),
        inStore("#include <engine/engine.h>"),
        inStore('#include "support/fake.h"'),
        {"platform/store/row.proto": SPDX + 'import "engine/x.proto";\n'},
        {"platform/store/CMakeLists.txt":
         CLEAN["platform/store/CMakeLists.txt"] + "target_link_libraries(a Coffer::engine)\n"},
        {"platform/attic/CMakeLists.txt": CMAKE},
        {"docs/ARCHITECTURE.md": TABLE.replace("| base | nothing", "| base | engine")},
        {path: "# A\n" if path.startswith("docs/") else None
         for path in CLEAN if not path.startswith("tests/sim/")},
        {"platform/pluginapi/CMakeLists.txt": CMAKE + "p.cpp",
         "platform/pluginapi/p.cpp": SPDX + '#include "store/glob.h"\n'},
        {"platform/node/CMakeLists.txt": CMAKE + "n.cpp",
         "platform/node/n.cpp": SPDX + '#include "store/tree.h"\n#include "client/client.h"\n'},
        {"plugins/lock/CMakeLists.txt": CMAKE + "l.cpp",
         "plugins/lock/l.cpp": SPDX + '#include "store/tree.h"\n'},
    ],
    "private-header": [
        {"platform/engine/CMakeLists.txt": CMAKE + "e.cpp",
         "platform/engine/e.cpp": SPDX + '#include "store/tree_p.h"\n'},
        {"tests/unit/engine/CMakeLists.txt": CMAKE + "coffer_add_test(tst_e)",
         "tests/unit/engine/tst_e.cpp": SPDX + '#include "store/tree_p.h"\n'},
    ],
    "using-namespace": [{"platform/store/tree.h": HEADER + "using namespace std;\n"}],
    "ban-thread": [inStore("QTimer timer;"), inStore("std::thread t;"), inStore("std::mutex m;"),
                   inPlugin("QTimer timer;"), inPlugin("QThread thread;")],
    "ban-clock": [
        inStore("auto t = QDateTime::currentDateTimeUtc();"),
        inStore("auto t = std::chrono::steady_clock::now();"),
        inStore("auto t = time(nullptr);"),
        inPlugin("auto t = std::chrono::system_clock::now();"),
    ],
    "ban-random": [inStore("int n = rand();"), inStore("std::random_device device;")],
    "ban-log": [inStore('qWarning() << "x";'), inStore('qCInfo(log) << "x";'),
                inStore('std::cerr << "x";')],
    "ban-io": [inStore("QFile file(name);")],
    "hash-order": [inStore("QHash<int, int> map;"), inStore("std::unordered_map<int, int> map;"),
                   inStore("QSet<int> set;")],
    "float": [inStore("double d;")],
    "sender": [inStore("    return sender();"), inStore("auto s = qobject_cast<A *>(sender());"),
               {TEST: CLEAN[TEST] + "QObject::sender();\n"}],
    "capture-all": [inStore("auto f = [=] { };"), inStore("auto f = [=, this] { };")],
    "await-condition": [inStore("while (co_await room()) {"), inStore("if (!co_await room())"),
                        inStore("for (int i = 0; co_await room(); ++i)")],
    "await-closure": [inStore("co_await offload([name] { return name; });"),
                      inStore("co_await carryOut({id, edits});")],
    "await-list": [inStore("for (int a : {b, c}) {\n    co_await f(a);\n}"),
                   inStore("    for (int a :\n         {b, c}) {\n        co_await f(a);\n    }")],
    "nodiscard-task": [{"platform/store/tree.h": HEADER + "Task<int> grow(Store &store);\n"},
                       {"platform/store/tree.h": HEADER + "    QCoro::Task<void> f(int a,\n"}],
    "return-moves": [inStore("co_return it->second;"), inStore("co_return m_value;"),
                     inStore("co_return values[0];"), inStore("co_return *m_value;")],
    "bare-delete": [inStore("delete pointer;"), inStore("delete[] pointer;")],
    "sleep": [{TEST: CLEAN[TEST] + "QTest::qWait(10);\n"},
              {TEST: CLEAN[TEST] + "std::this_thread::sleep_for(1s);\n"}],
    "file-lines": [
        {"platform/store/tree.h": HEADER + "\n" * 250},
        inStore("\n" * 600),
        {"platform/store/CMakeLists.txt": CLEAN["platform/store/CMakeLists.txt"] + "\n" * 40},
    ],
    "function-lines": [
        inStore(function(71)),
        inStore("namespace a {\nclass B\n{\n" + function(71) + "};\n}"),
        inStore("B::B(int a)\n    : m_a{a}\n    , m_b{}\n{\n" + "    g();\n" * 71 + "}"),
    ],
    "columns": [inStore("//" + "x" * 99)],
    "todo": [inStore(f"// {LATER}: later"), {"cmake/a.cmake": CMAKE + f"# {LATER}\n"}],
    "dead-code": [inStore("// grow(tree);"), inStore("//     return 3;"), inStore("// a = b + c;"),
                  inStore("// if (a) {"), inStore('// #include "store/tree.h"')],
    "banner": [inStore("// " + "=" * 20), inStore("/" * 40)],
    "dead-file": [
        {"platform/store/old.cpp": SPDX},
        {"platform/store/old.proto": SPDX},
        {"platform/store/old.h": HEADER},
        {"tests/unit/store/tst_old.cpp": SPDX},
        {"tests/unit/store/CMakeLists.txt": CMAKE + "# coffer_add_test(tst_tree)\n"},
    ],
    "sim-engine": [{"tests/sim/CMakeLists.txt": None}, {"tests/sim/CMakeLists.txt": CMAKE}],
    "machine-path": [{"docs/a.md": "cd " + WORK + "main\n"}, {"docs/a.md": "/home" "/eva/x\n"},
                     {"cmake/a.cmake": CMAKE + "set(A " + "/root" "/a)\n"}],
    "allow": [inStore(f"// {MARK}(hash-order)"), inStore(f"// {MARK}(nonsense) because")],
}

GOOD = [
    inStore("// A QHash would do: no, its order differs; see rand()."),
    inStore(f'auto s = "QHash<int> // {LATER}";'),
    inStore('auto s = R"(delete it; [=] )";'),
    inStore("auto n = 1'000'000; auto c = '\"'; // it's"),
    inStore("NodeId sender() const;\nauto a = message.sender();\nauto b = m->sender();"),
    inStore("Tree(const Tree &) = delete;\nauto qHash(Id id);"),
    inStore(function(70)),
    inStore(f"// {LATER}(#12): the other half"),
    inStore("// If it fails, nothing was written;\n// the caller tries again (or not)."),
    inStore("bool operator==(const Tree &) const = default;"),
    inStore("for (int a : {b, c}) {\n    f(a);\n}\nco_await g();"),
    {"platform/engine/CMakeLists.txt": CMAKE + "e.cpp",
     "platform/engine/e.cpp": SPDX + '#include "wire/x.h"\n'.replace("wire", "store")},
    {"agent/CMakeLists.txt": CMAKE + "a.cpp", "agent/a.h": HEADER,
     "agent/a.cpp": SPDX + '#include "agent/a.h"\n'},
    {"plugins/goconf/CMakeLists.txt": CMAKE + "g.cpp",
     "plugins/goconf/g.cpp": SPDX + '#include "store/tree.h"\n'},
    {"platform/pluginapi/CMakeLists.txt": CMAKE + "p.cpp",
     "platform/pluginapi/p.cpp": SPDX + '#include "store/tree.h"\n'},
    {"docs/model/run.sh": CMAKE + "x" * 120 + "\n"},
    {"docs/a.md": f"see https://example.org{WORK} and build{WORK}x, ${{HOME}}{WORK}\n"},
]


class TidyTest(unittest.TestCase):
    def test_cleanTreePasses(self):
        self.assertEqual(rules({}), set())

    def test_everyRuleHasABadTree(self):
        self.assertEqual(set(BAD), tidy.RULES)

    def test_badTreeBreaksExactlyItsRule(self):
        for rule, trees in BAD.items():
            for tree in trees:
                with self.subTest(rule=rule, tree=tree):
                    self.assertEqual(rules(tree), {rule})

    def test_goodTreePasses(self):
        for tree in GOOD:
            with self.subTest(tree=tree):
                self.assertEqual(rules(tree), set())

    def test_lineIsExcusedByCommentOnItOrAbove(self):
        reason = f"// {MARK}(hash-order) never iterated"
        for code, broken in [
                (f"QSet<int> s; {reason}", set()),
                (f"{reason}\nQSet<int> s;", set()),
                (f"{reason}\n\nQSet<int> s;", {"hash-order"}),
                (f"// {MARK}(float) wrong rule\nQSet<int> s;", {"hash-order"})]:
            with self.subTest(code=code):
                self.assertEqual(rules(inStore(code)), broken)

    def test_findingNamesTheLine(self):
        findings = tidy.check({**CLEAN, **inStore("int a;\nQSet<int> b;")})
        line = len(CLEAN[STORE].splitlines()) + 2
        self.assertEqual([finding[:3] for finding in findings], [(STORE, line, "hash-order")])


class CppTextTest(unittest.TestCase):
    def test_splitKeepsLinesAndColumns(self):
        text = 'int a; // b\n/* c\nd */ int e = f("g\\"h");\n'
        code, comments = cpptext.split(text)
        self.assertEqual(code, 'int a;     \n    \n     int e = f("    ");\n')
        self.assertEqual(comments.split(), ["//", "b", "/*", "c", "d", "*/"])
        self.assertEqual([len(line) for line in comments.splitlines()],
                         [len(line) for line in text.splitlines()])

    def test_functionsAreOutermostBodies(self):
        code = "int a{3};\nvoid f()\n{\n  if (x) {\n  }\n}\nint b() { return 1; }\n"
        self.assertEqual(list(cpptext.functions(code)), [(3, 2), (7, -1)])


if __name__ == "__main__":
    unittest.main()
