// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

namespace CLI {
class App;
}

namespace coffer {

/// Adds the verb `completion bash|zsh` to \a app, which has the name of its program. When the line
/// is parsed with it, \a text is the script to print: it completes the verbs and flags that \a app
/// has then. Lines of bash in \a special may change `cur` and `words` before that. Both must
/// outlive the parsing.
void addCompletionVerb(CLI::App &app, QByteArray &text, const QByteArray &special = {});

} // namespace coffer
