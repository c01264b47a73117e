// SPDX-License-Identifier: Apache-2.0
#include "node/journal_printer.h"
#include "storage/posix_file_system.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>
#include <vector>

using namespace coffer;

static int failed(const Error &error)
{
    std::fflush(stdout);
    std::fprintf(stderr, "cofferd-journal: %s\n", qUtf8Printable(error.message));
    return 1;
}

static std::set<storage::RecordKind> kindsOf(const std::vector<std::string> &names)
{
    std::set<storage::RecordKind> kinds;
    for (const std::string &name : names) {
        const auto kind = node::JournalPrinter::kindOf(QString::fromStdString(name));
        if (!kind)
            throw CLI::ValidationError(
                "--kinds", name
                               + " is not one of founding, promise, vote, chosen, chosenUpTo, "
                                 "install, fenced");
        kinds.insert(*kind);
    }
    return kinds;
}

int main(int count, char **arguments)
{
    CLI::App app("Prints the journal of a Coffer node, one line a record. It changes nothing.\n"
                 "Ends with 0 if the journal is whole, with 1 if it is damaged or cannot be read, "
                 "with 2 if the options make no sense.");
    std::string directory;
    std::vector<std::string> kinds;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    node::JournalPrinter::Options options;
    app.add_option("directory", directory, "The directory of the journal")->required();
    CLI::Option *hasFrom = app.add_option("--from", from, "Only records of this slot or above");
    CLI::Option *hasTo = app.add_option("--to", to, "Only records of this slot or below");
    app.add_option("--kinds", kinds, "Only records of these kinds: promise,vote,...")
        ->delimiter(',');
    app.add_flag("--raw", options.isRaw, "Payloads in hexadecimal digits too");
    try {
        app.parse(count, arguments);
        options.kinds = kindsOf(kinds);
    } catch (const CLI::ParseError &error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    if (hasFrom->count() > 0)
        options.from = Slot(from);
    if (hasTo->count() > 0)
        options.to = Slot(to);

    const auto files = storage::PosixFileSystem::open(QString::fromStdString(directory));
    if (!files)
        return failed(files.error());
    node::JournalPrinter printer(
        options, [](const QString &line) { std::printf("%s\n", qUtf8Printable(line)); });
    if (const Result<void> printed = printer.print(**files); !printed)
        return failed(printed.error());
    return 0;
}
