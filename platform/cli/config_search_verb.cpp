// SPDX-License-Identifier: Apache-2.0
#include "cli/config_verbs.h"
#include "cli/config_words.h"

#include <CLI/CLI.hpp>

#include <memory>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

struct SearchArguments
{
    std::string text;
    std::string target;
    std::vector<std::string> in;
    std::string draft;
    bool isDraft = false;
    bool isCaseSensitive = false;
    int limit = 1'000;
};

QString placeText(const QCborMap &hit)
{
    const auto word = [&hit](const char *name) {
        return hit.value(QLatin1String(name)).toString();
    };
    if (word("in") == "messages"_L1)
        return u"%1 (%2, %3)"_s.arg(word("release"), word("service"), word("by"));
    const QString scope = word("scope");
    QString text = word("service");
    if (scope != "_all"_L1)
        text += u'@' + scope;
    if (!word("layer").isEmpty())
        text += u" (its base layer)"_s;
    text += u' ' + word("place");
    const qint64 line = hit.value("line"_L1).toInteger();
    if (word("in") == "comments"_L1)
        text += u" #"_s;
    else if (word("kind") == "file"_L1 && line > 0)
        text += u":%1"_s.arg(line);
    if (!word("draft").isEmpty())
        text += u" (draft %1)"_s.arg(word("draft"));
    if (hit.value("candidate"_L1).toBool())
        text += u" (some hosts try %1)"_s.arg(word("version"));
    return text;
}

Task<int> search(Console &console, SearchArguments arguments)
{
    QCborMap params{{u"text"_s, QString::fromStdString(arguments.text)}};
    if (!arguments.target.empty()) {
        const Result<ConfigTarget> target = configTarget(arguments.target);
        if (!target)
            co_return console.fail(target.error());
        params.insert(u"service"_s, target->service);
        if (target->scope != "_all"_L1)
            params.insert(u"scope"_s, target->scope);
    }
    if (!arguments.in.empty())
        params.insert(u"in"_s, textsOf(arguments.in));
    if (arguments.isDraft || !arguments.draft.empty())
        params.insert(u"draft"_s, arguments.draft.empty()
                                      ? u"main"_s
                                      : QString::fromStdString(arguments.draft));
    if (arguments.isCaseSensitive)
        params.insert(u"caseSensitive"_s, true);
    for (qint64 left = arguments.limit; left > 0;) {
        params.insert(u"limit"_s, std::min<qint64>(left, 500));
        const rpc::Outcome outcome = co_await askToRead(console, u"goconf.search"_s, params);
        if (!outcome)
            co_return console.fail(outcome.error());
        const QCborMap answer = outcome->toMap();
        const QCborArray hits = answer.value("hits"_L1).toArray();
        for (const QCborValue value : hits) {
            const QCborMap hit = value.toMap();
            console.json(hit);
            const QString name = placeText(hit);
            const bool isName = hit.value("line"_L1).toInteger() == 0;
            console.line(isName ? name : name + u": "_s + hit.value("text"_L1).toString());
        }
        left -= hits.size();
        if (!answer.contains("next"_L1))
            co_return left == arguments.limit ? int(notFound) : int(ok);
        params.insert(u"after"_s, answer.value("next"_L1));
    }
    console.aside(u"there may be more: --limit shows them"_s);
    co_return ok;
}

} // namespace

void addConfigSearchVerb(CLI::App &config, Run &run)
{
    auto arguments = std::make_shared<SearchArguments>();
    CLI::App *verb = config.add_subcommand(
        "search", "Find a text in keys, values, comments, files and messages; 3 if it is nowhere");
    verb->add_option("text", arguments->text, "A part of a line, in any case")->required();
    verb->add_option("target", arguments->target,
                     "Only in SERVICE, or SERVICE@IDC; else wherever you may read");
    verb->add_option("--in", arguments->in, "keys, values, comments, files, messages; else in all")
        ->delimiter(',')
        ->check(CLI::IsMember({"keys", "values", "comments", "files", "messages"}));
    verb->add_flag("--draft", arguments->isDraft, "Also in pending changes");
    verb->add_option("--draft-name", arguments->draft, "The same, of this draft");
    verb->add_flag("--case", arguments->isCaseSensitive, "Upper and lower case are to be the same");
    verb->add_option("--limit", arguments->limit, "How many lines")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return search(console, *arguments); };
    });
}

} // namespace coffer::cli
