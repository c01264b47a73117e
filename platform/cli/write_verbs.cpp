// SPDX-License-Identifier: Apache-2.0
#include "cli/verbs.h"
#include "cli/whole_number.h"
#include "pluginapi/store_cbor.h"

#include <CLI/CLI.hpp>

#include <memory>

using namespace Qt::StringLiterals;

namespace coffer::cli {

namespace {

struct WriteArguments
{
    std::string path;
    std::string value;
    std::optional<std::uint64_t> ifRevision;
    bool ifMissing = false;
    bool isTree = false;
};

struct TransactionArguments
{
    std::vector<std::string> ifRevision, ifMissing, ifValue;
    std::vector<std::string> put, remove, removeTree;
    std::vector<std::string> elsePut, elseRemove;
};

QByteArray bytesOf(const std::string &text) { return QByteArray::fromStdString(text); }

void addGuards(store::Transaction &transaction, const WriteArguments &arguments)
{
    if (arguments.ifMissing)
        transaction.guards.push_back(store::Missing{bytesOf(arguments.path)});
    if (arguments.ifRevision) {
        transaction.guards.push_back(
            pluginapi::expectedRevision(bytesOf(arguments.path), Revision(*arguments.ifRevision)));
    }
}

Task<int> put(Console &console, WriteArguments arguments)
{
    Result<QByteArray> value = valueOf(arguments.value);
    if (!value)
        co_return console.fail(value.error());
    store::Transaction transaction;
    addGuards(transaction, arguments);
    transaction.operations.push_back(
        store::Put{bytesOf(arguments.path), std::move(*value), false, {}});
    const Result<store::Answer> answer = co_await console.store().commit(std::move(transaction));
    if (!answer)
        co_return console.fail(answer.error());
    if (std::optional<Error> error = pluginapi::errorOf(*answer))
        co_return console.fail(*error);
    console.json(pluginapi::toCbor(*answer));
    console.line(u"revision %1"_s.arg(answer->revision.value()));
    co_return ok;
}

Task<int> remove(Console &console, WriteArguments arguments)
{
    store::Transaction transaction;
    addGuards(transaction, arguments);
    if (arguments.isTree)
        transaction.operations.push_back(store::DeleteTree{bytesOf(arguments.path)});
    else
        transaction.operations.push_back(store::Delete{bytesOf(arguments.path)});
    const Result<store::Answer> answer = co_await console.store().commit(std::move(transaction));
    if (!answer)
        co_return console.fail(answer.error());
    if (std::optional<Error> error = pluginapi::errorOf(*answer))
        co_return console.fail(*error);
    if (!answer->isChanged) {
        co_return console.fail(
            Error{ErrorCode::notFound,
                  u"there is no file %1"_s.arg(QString::fromStdString(arguments.path))});
    }
    console.json(pluginapi::toCbor(*answer));
    console.line(u"revision %1"_s.arg(answer->revision.value()));
    co_return ok;
}

/// Splits "PATH=REST"; paths may have '=' in them only in `txn --help`'s other form, JSON.
Result<std::pair<QByteArray, QByteArray>> split(const std::string &text)
{
    const std::size_t at = text.find('=');
    if (at == std::string::npos) {
        return Error{ErrorCode::invalid,
                     u"'%1': expected PATH=..."_s.arg(QString::fromStdString(text))};
    }
    return std::pair(bytesOf(text.substr(0, at)), bytesOf(text.substr(at + 1)));
}

using Add = std::function<Result<void>(const QByteArray &path, const QByteArray &rest)>;

Result<void> addAll(const std::vector<std::string> &texts, const Add &add)
{
    for (const std::string &text : texts) {
        const auto parts = split(text);
        if (!parts)
            return parts.error();
        if (Result<void> added = add(parts->first, parts->second); !added)
            return added;
    }
    return {};
}

Add putInto(std::vector<store::Operation> &operations)
{
    return [&operations](const QByteArray &path, const QByteArray &value) -> Result<void> {
        operations.push_back(store::Put{path, value, false, {}});
        return {};
    };
}

Result<store::Transaction> transactionOf(const TransactionArguments &arguments)
{
    store::Transaction of;
    const Add revision = [&of](const QByteArray &path, const QByteArray &rest) -> Result<void> {
        bool isNumber = false;
        const Revision number(rest.toULongLong(&isNumber));
        if (!isNumber || number.value() > wholeNumberMax) {
            return Error{ErrorCode::invalid,
                         u"--if-revision: '%1' is no revision; expected 0 to %2"_s
                             .arg(QString::fromUtf8(rest))
                             .arg(wholeNumberMax)};
        }
        of.guards.push_back(pluginapi::expectedRevision(path, number));
        return {};
    };
    const Add value = [&of](const QByteArray &path, const QByteArray &rest) -> Result<void> {
        of.guards.push_back(store::ValueEquals{path, rest});
        return {};
    };
    for (const Result<void> &added :
         {addAll(arguments.ifRevision, revision), addAll(arguments.ifValue, value),
          addAll(arguments.put, putInto(of.operations)),
          addAll(arguments.elsePut, putInto(of.otherwise))}) {
        if (!added)
            return added.error();
    }
    for (const std::string &path : arguments.ifMissing)
        of.guards.push_back(store::Missing{bytesOf(path)});
    for (const std::string &path : arguments.remove)
        of.operations.push_back(store::Delete{bytesOf(path)});
    for (const std::string &path : arguments.removeTree)
        of.operations.push_back(store::DeleteTree{bytesOf(path)});
    for (const std::string &path : arguments.elseRemove)
        of.otherwise.push_back(store::Delete{bytesOf(path)});
    return of;
}

Task<int> transact(Console &console, TransactionArguments arguments)
{
    Result<store::Transaction> transaction = transactionOf(arguments);
    if (!transaction)
        co_return console.fail(transaction.error());
    const Result<store::Answer> answer = co_await console.store().commit(std::move(*transaction));
    if (!answer)
        co_return console.fail(answer.error());
    console.json(pluginapi::toCbor(*answer));
    if (answer->status == store::Status::guardFailed && answer->isChanged) {
        console.line(u"guard %1 did not hold; the other operations were done in revision %2"_s
                         .arg(answer->failedGuard.value_or(0))
                         .arg(answer->revision.value()));
        co_return conflict;
    }
    if (std::optional<Error> error = pluginapi::errorOf(*answer))
        co_return console.isJson() ? int(exitOf(error->code)) : console.fail(*error);
    console.line(u"revision %1"_s.arg(answer->revision.value()));
    co_return ok;
}

void addTransaction(CLI::App &app, Run &run)
{
    auto arguments = std::make_shared<TransactionArguments>();
    CLI::App *verb = app.add_subcommand(
        "txn", "Guards and operations, all or nothing (coffer call store.commit takes JSON)");
    verb->add_option("--if-revision", arguments->ifRevision, "PATH=REVISION")->expected(1);
    verb->add_option("--if-missing", arguments->ifMissing, "PATH")->expected(1);
    verb->add_option("--if-value", arguments->ifValue, "PATH=VALUE")->expected(1);
    verb->add_option("--put", arguments->put, "PATH=VALUE")->expected(1);
    verb->add_option("--del", arguments->remove, "PATH")->expected(1);
    verb->add_option("--del-tree", arguments->removeTree, "PATH")->expected(1);
    verb->add_option("--else-put", arguments->elsePut, "PATH=VALUE, if a guard does not hold")
        ->expected(1);
    verb->add_option("--else-del", arguments->elseRemove, "PATH, if a guard does not hold")
        ->expected(1);
    for (CLI::Option *option : verb->get_options())
        option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return transact(console, *arguments); };
    });
}

} // namespace

void addWriteVerbs(CLI::App &app, Run &run)
{
    auto arguments = std::make_shared<WriteArguments>();
    CLI::App *verb = app.add_subcommand("put", "Set a file");
    verb->add_option("path", arguments->path, "As /service/key")->required();
    verb->add_option("value", arguments->value, "The value; - reads standard input")->required();
    CLI::Option *missing =
        verb->add_flag("--if-missing", arguments->ifMissing, "Only if there is no such file");
    verb->add_option("--if-revision", arguments->ifRevision, "Only if the file has this revision")
        ->check(wholeNumber())
        ->excludes(missing);
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return put(console, *arguments); };
    });

    arguments = std::make_shared<WriteArguments>();
    verb = app.add_subcommand("del", "Delete a file");
    verb->add_option("path", arguments->path, "As /service/key")->required();
    verb->add_flag("--tree", arguments->isTree, "And everything below it");
    verb->add_option("--if-revision", arguments->ifRevision, "Only if the file has this revision")
        ->check(wholeNumber());
    verb->callback([&run, arguments] {
        run = [arguments](Console &console) { return remove(console, *arguments); };
    });

    addTransaction(app, run);
}

} // namespace coffer::cli
