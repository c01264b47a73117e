// SPDX-License-Identifier: Apache-2.0
#include "cli/verbs.h"

#include <CLI/CLI.hpp>
#include <QCborArray>
#include <QDateTime>
#include <QRandomGenerator>

#include <array>
#include <memory>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

using Show = void (*)(Console &, const QCborMap &);
/// What a verb was given, as parameters of its method.
using Arguments = std::shared_ptr<QCborMap>;

QString joined(const QCborValue &texts)
{
    QStringList list;
    for (const QCborValue text : texts.toArray())
        list.append(text.toString());
    return list.isEmpty() ? u"none"_s : list.join(u", "_s);
}

Task<int> ask(Console &console, QString method, QCborMap params, Show show)
{
    const rpc::Outcome outcome = co_await console.client().call(method, params);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    show(console, outcome->toMap());
    co_return ok;
}

void showNothing(Console &, const QCborMap &) {}

void showToken(Console &console, const QCborMap &map)
{
    console.line(map.value("token"_L1).toString());
    console.aside(u"This is the only time that it is shown."_s);
}

// ---- on and off

QString makeRootToken()
{
    std::array<quint32, 8> words{};
    QRandomGenerator::system()->fillRange(words.data(), qsizetype(words.size()));
    QString token = u"coffer_root_"_s;
    for (const quint32 word : words)
        token += u"%1"_s.arg(word, 8, 16, QLatin1Char('0'));
    return token;
}

/// The token is made here: were the answer lost, it would be known all the same.
Task<int> enable(Console &console)
{
    const QString token = makeRootToken();
    client::CallOptions options;
    options.repeat = client::Repeat::safe;
    const QCborMap params{{u"token"_s, token}};
    const rpc::Outcome outcome = co_await console.client().call(u"auth.enable"_s, params, options);
    if (!outcome && outcome.error().outcome == rpc::WriteOutcome::unknown)
        console.aside(u"coffer: if access control is on now, this is the root token: "_s + token);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(QCborMap{{u"token"_s, token}});
    console.line(token);
    console.aside(u"Access control is on. This is the root token, which may do everything; it is "
                  "shown this once."_s);
    co_return ok;
}

void showStatus(Console &console, const QCborMap &map)
{
    const bool isOn = map.value("enabled"_L1).toBool();
    console.line(isOn ? u"access control is on"_s
                 : map.value("required"_L1).toBool()
                     ? u"access control is required, and not enabled yet: nothing is served"_s
                     : u"access control is off: everybody may do everything"_s);
    console.line(u"you are %1"_s.arg(map.value("caller"_L1).toString()));
    if (map.contains("roles"_L1))
        console.line(u"roles: %1"_s.arg(joined(map.value("roles"_L1))));
    else if (isOn)
        console.line(map.value("trouble"_L1).toString());
}

Task<int> explain(Console &console, QCborMap params)
{
    client::CallOptions options;
    options.repeat = client::Repeat::read;
    const rpc::Outcome outcome = co_await console.client().call(u"auth.explain"_s, params, options);
    if (!outcome)
        co_return console.fail(outcome.error());
    console.json(*outcome);
    const QCborMap map = outcome->toMap();
    const bool isAllowed = map.value("allowed"_L1).toBool();
    console.line((isAllowed ? u"allowed: "_s : u"denied: "_s) + map.value("reason"_L1).toString());
    co_return isAllowed ? ok : denied;
}

// ---- lists

void showRoles(Console &console, const QCborMap &map)
{
    for (const QCborValue value : map.value("roles"_L1).toArray()) {
        const QCborMap role = value.toMap();
        console.line(role.value("role"_L1).toString());
        int number = 0;
        for (const QCborValue rule : role.value("rules"_L1).toArray())
            console.line(u"  %1  %2"_s.arg(++number).arg(rule.toString()));
        if (role.contains("trouble"_L1))
            console.line(u"  "_s + role.value("trouble"_L1).toString());
    }
}

void showRule(Console &console, const QCborMap &map)
{
    console.line(u"rule %1: %2"_s.arg(map.value("rule"_L1).toInteger())
                     .arg(map.value("text"_L1).toString()));
}

void showNames(Console &console, const QCborMap &map)
{
    for (const QCborValue value : map.value("names"_L1).toArray()) {
        const QCborMap name = value.toMap();
        console.line(name.value("name"_L1).toString().leftJustified(24) + u"  "_s
                     + joined(name.value("roles"_L1)));
    }
}

QString timeOf(const QCborValue &milliseconds)
{
    return QDateTime::fromMSecsSinceEpoch(milliseconds.toInteger()).toString(Qt::ISODate);
}

void showTokens(Console &console, const QCborMap &map)
{
    for (const QCborValue value : map.value("tokens"_L1).toArray()) {
        const QCborMap token = value.toMap();
        QString line = token.value("id"_L1).toString().leftJustified(14) + u"made "_s
                       + timeOf(token.value("createdMs"_L1)) + u"  roles "_s
                       + joined(token.value("roles"_L1));
        if (token.contains("expiresMs"_L1))
            line += u"  expires "_s + timeOf(token.value("expiresMs"_L1));
        console.line(line + u"  "_s + token.value("note"_L1).toString());
    }
}

// ---- adding

void onChosen(CLI::App *verb, Run &run, const char *method, const Arguments &arguments, Show show)
{
    const QString name = QString::fromLatin1(method);
    verb->callback([&run, name, arguments, show] {
        run = [name, arguments, show](Console &console) {
            return ask(console, name, *arguments, show);
        };
    });
}

/// An option whose text becomes the parameter \a name.
CLI::Option *addText(CLI::App *verb, const Arguments &arguments, const char *option,
                     const char *name, const char *summary)
{
    const QString key = QString::fromLatin1(name);
    return verb->add_option_function<std::string>(
        option,
        [arguments, key](const std::string &text) {
            arguments->insert(key, QString::fromStdString(text));
        },
        summary);
}

/// A list of roles, as "--role a --role b".
void addRoles(CLI::App *verb, const Arguments &arguments)
{
    arguments->insert(u"roles"_s, QCborArray());
    verb->add_option_function<std::vector<std::string>>(
        "--role",
        [arguments](const std::vector<std::string> &roles) {
            QCborArray array;
            for (const std::string &role : roles)
                array.append(QString::fromStdString(role));
            arguments->insert(u"roles"_s, array);
        },
        "A role; may be given several times");
}

/// A verb with one word.
void addNamed(CLI::App &parent, Run &run, std::array<const char *, 4> words, Show show)
{
    const auto [name, summary, method, parameter] = words;
    const auto arguments = std::make_shared<QCborMap>();
    CLI::App *verb = parent.add_subcommand(name, summary);
    addText(verb, arguments, parameter, parameter, "As `list` shows it")->required();
    onChosen(verb, run, method, arguments, show);
}

void addPlain(CLI::App &parent, Run &run, std::array<const char *, 3> words, Show show)
{
    const auto [name, summary, method] = words;
    onChosen(parent.add_subcommand(name, summary), run, method, std::make_shared<QCborMap>(), show);
}

void addRoleVerbs(CLI::App &auth, Run &run)
{
    CLI::App *role = auth.add_subcommand("role", "Roles and their rules");
    role->require_subcommand(1);
    addPlain(*role, run, {"list", "All roles and rules", "auth.role.list"}, &showRoles);
    addNamed(*role, run, {"add", "Make a role without rules", "auth.role.add", "role"},
             &showNothing);
    addNamed(*role, run, {"remove", "Delete a role", "auth.role.remove", "role"}, &showNothing);
    const auto grant = std::make_shared<QCborMap>();
    CLI::App *verb = role->add_subcommand(
        "grant", "Add a rule: coffer auth role grant ops allow read,write '/services/**'");
    addText(verb, grant, "role", "role", "The role")->required();
    addText(verb, grant, "effect", "effect", "allow or deny; deny goes before every allow")
        ->required()
        ->check(CLI::IsMember({"allow", "deny"}));
    addText(verb, grant, "actions", "actions", "read, write, admin, several with commas, or all")
        ->required();
    addText(verb, grant, "path", "path", "A pattern; /a/** is all of the tree /a")->required();
    addText(verb, grant, "--methods", "methods", "Only these: a name, or its beginning and a star");
    onChosen(verb, run, "auth.role.grant", grant, &showRule);
    const auto withdraw = std::make_shared<QCborMap>();
    CLI::App *taking = role->add_subcommand("withdraw", "Take a rule from a role");
    addText(taking, withdraw, "role", "role", "The role")->required();
    taking
        ->add_option_function<qint64>(
            "rule", [withdraw](qint64 number) { withdraw->insert(u"rule"_s, number); },
            "Its number, as `list` shows it")
        ->required();
    onChosen(taking, run, "auth.role.withdraw", withdraw, &showNothing);
}

void addNameVerbs(CLI::App &auth, Run &run)
{
    CLI::App *name = auth.add_subcommand("name", "Roles of names of certificates");
    name->require_subcommand(1);
    addPlain(*name, run, {"list", "The names that have roles", "auth.name.list"}, &showNames);
    addNamed(*name, run, {"remove", "Take all roles from a name", "auth.name.remove", "name"},
             &showNothing);
    const auto set = std::make_shared<QCborMap>();
    CLI::App *verb = name->add_subcommand("set", "Give roles to a name, in place of those before");
    addText(verb, set, "name", "name", "The common name of the certificate")->required();
    addRoles(verb, set);
    onChosen(verb, run, "auth.name.set", set, &showNothing);
}

void addExplain(CLI::App &auth, Run &run)
{
    const auto arguments = std::make_shared<QCborMap>();
    CLI::App *verb =
        auth.add_subcommand("explain", "Whether somebody may make a call, and by which rule; ends "
                                       "with 6 if not");
    addText(verb, arguments, "method", "method", "As store.put")->required();
    addText(verb, arguments, "path", "path", "A path or pattern");
    addText(verb, arguments, "--as", "token", "The id of a token");
    addText(verb, arguments, "--role", "role", "A role");
    addText(verb, arguments, "--certificate", "certificate", "A name of certificates");
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return explain(console, *arguments); };
    });
}

void addTokenVerbs(CLI::App &app, Run &run)
{
    CLI::App *token = app.add_subcommand("token", "Tokens by which programs and people are known");
    token->require_subcommand(1);
    addPlain(*token, run, {"list", "All tokens, without secrets", "auth.token.list"}, &showTokens);
    addNamed(*token, run, {"revoke", "Delete a token", "auth.token.revoke", "id"}, &showNothing);
    addNamed(*token, run,
             {"rotate", "Print a new secret of a token; the old one is void at once",
              "auth.token.rotate", "id"},
             &showToken);
    const auto arguments = std::make_shared<QCborMap>();
    CLI::App *verb = token->add_subcommand("create", "Make a token and print it");
    addRoles(verb, arguments);
    addText(verb, arguments, "--note", "note", "What it is for");
    verb->add_option_function<double>(
            "--hours",
            [arguments](double hours) {
                arguments->insert(u"timeToLiveMs"_s, qint64(hours * 3'600'000));
            },
            "After so many hours it expires; without, never")
        ->check(CLI::Range(0.001, 1'000'000.0));
    onChosen(verb, run, "auth.token.create", arguments, &showToken);
}

Task<int> printRootToken(Console &console)
{
    const QString token = makeRootToken();
    console.json(QCborMap{{u"token"_s, token}});
    console.line(token);
    co_return ok;
}

} // namespace

void addAuthVerbs(CLI::App &app, Run &run)
{
    CLI::App *auth = app.add_subcommand("auth", "Access control");
    auth->require_subcommand(1);
    addPlain(*auth, run, {"status", "Whether it is on, and who you are", "auth.status"},
             &showStatus);
    auth->add_subcommand("enable", "Turn it on; prints the root token")->callback([&run] {
        run = &enable;
    });
    addPlain(*auth, run, {"disable", "Turn it off: everybody may do everything", "auth.disable"},
             &showNothing);
    auth->add_subcommand("make-root",
                         "Print a new root token for cofferd --root-token-file; asks nobody")
        ->callback([&run] { run = &printRootToken; });
    addExplain(*auth, run);
    addRoleVerbs(*auth, run);
    addNameVerbs(*auth, run);
    addTokenVerbs(app, run);
}

} // namespace coffer::cli
