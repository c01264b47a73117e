// SPDX-License-Identifier: Apache-2.0
#include "base/shell_completion.h"

#include <CLI/CLI.hpp>

#include <QByteArrayList>

#include <memory>

namespace coffer {

namespace {

/// The words that may follow \a app: its verbs and options.
QByteArray wordsOf(const CLI::App &app)
{
    QByteArrayList words;
    for (const CLI::App *verb : app.get_subcommands([](const CLI::App *) { return true; }))
        words.append(QByteArray::fromStdString(verb->get_name()));
    for (const CLI::Option *option : app.get_options()) {
        for (const std::string &name : option->get_lnames())
            words.append("--" + QByteArray::fromStdString(name));
    }
    return words.join(' ');
}

/// A line of a shell's `case` for \a app and each verb below it.
void addCases(const CLI::App &app, const QByteArray &place, QByteArray &cases)
{
    cases += "        '" + place + "') words='" + wordsOf(app) + "' ;;\n";
    for (const CLI::App *verb : app.get_subcommands([](const CLI::App *) { return true; })) {
        const QByteArray name = QByteArray::fromStdString(verb->get_name());
        addCases(*verb, place.isEmpty() ? name : place + ' ' + name, cases);
    }
}

/// The verbs are found by dropping words from the end until a place is known.
QByteArray bash(const CLI::App &app, const QByteArray &special)
{
    const QByteArray program = QByteArray::fromStdString(app.get_name());
    const QByteArray function = '_' + QByteArray(program).replace('-', '_');
    QByteArray cases;
    addCases(app, {}, cases);
    return "# bash completion of " + program + ":  source <(" + program + " completion bash)\n"
           + function + "() {\n"
           + R"(    local cur=${COMP_WORDS[COMP_CWORD]} place= word words= candidate
    )" + function
           + R"(_words() {
        case "$1" in
)" + cases + R"(        *) return 1 ;;
        esac
    }
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        candidate="${place:+$place }$word"
        [[ $word != -* ]] && )"
           + function + R"(_words "$candidate" && place=$candidate
    done
    )" + function
           + R"(_words "$place"
)" + special
           + R"(    COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F )"
           + function + ' ' + program + '\n';
}

QByteArray zsh(const CLI::App &app, const QByteArray &special)
{
    const QByteArray program = QByteArray::fromStdString(app.get_name());
    return "#compdef " + program + "\n# zsh completion of " + program + ":  source <(" + program
           + " completion zsh)\nautoload -U +X bashcompinit && bashcompinit\n" + bash(app, special);
}

} // namespace

void addCompletionVerb(CLI::App &app, QByteArray &text, const QByteArray &special)
{
    auto shell = std::make_shared<std::string>();
    CLI::App *verb = app.add_subcommand("completion", "Print what a shell needs to complete words");
    verb->add_option("shell", *shell, "bash or zsh")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh"}));
    verb->callback([&app, &text, shell, special] {
        text = *shell == "zsh" ? zsh(app, special) : bash(app, special);
    });
}

} // namespace coffer
