// SPDX-License-Identifier: Apache-2.0
#include "config/document_p.h"
#include "config/formats_p.h"
#include "config/render.h"
#include "config/snapshot.h"
#include "config/splice.h"

#include <QDir>
#include <QTest>

using namespace coffer;
using namespace coffer::config;

/// Files in the styles found in the wild go in and come out byte for byte, and an edit of one value
/// changes one line.
class TestImport : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void file_comesBack_data();
    void file_comesBack();
    void allFiles_comeBackTogether();
    void value_changesAlone_data();
    void value_changesAlone();
};

static QDir wild() { return QDir(QFINDTESTDATA("wild")); }

static QStringList wildFiles() { return wild().entryList(QDir::Files | QDir::Hidden, QDir::Name); }

static QByteArray bytesOf(const QString &name)
{
    QFile file(wild().filePath(name));
    if (!file.open(QIODevice::ReadOnly))
        qFatal("%s cannot be read", qPrintable(name));
    return file.readAll();
}

static Layer layerOf(const QStringList &names, Contents &contents)
{
    Layer layer;
    for (const QString &name : names) {
        const QByteArray bytes = bytesOf(name);
        layer.files.push_back(
            {name.toUtf8(), Hash::of(bytes), std::uint64_t(bytes.size()), {0640, "shop", "shop"}});
        contents[Hash::of(bytes)] = bytes;
    }
    std::sort(layer.files.begin(), layer.files.end(),
              [](const File &a, const File &b) { return a.path < b.path; });
    return layer;
}

/// To the store, back, and to a host.
static Result<Bundle> broughtToHost(const Layer &layer, const Contents &contents)
{
    const Result<EncodedLayer> encoded = encode(layer);
    if (!encoded)
        return encoded.error();
    const auto partOf = [&encoded](const Hash &hash) -> Result<QByteArray> {
        for (const Object &part : encoded->parts) {
            if (part.hash == hash)
                return part.bytes;
        }
        return Error{ErrorCode::notFound, QStringLiteral("part")};
    };
    const Result<Layer> stored = decodeLayer(encoded->manifest.bytes, partOf);
    if (!stored)
        return stored.error();
    Contents fetched;
    for (const auto &[hash, bytes] : contents) {
        for (const QByteArray &piece : piecesOf(bytes))
            fetched[hash] += piece;
    }
    const Rendered rendered = render(*stored, fetched);
    if (!rendered.faults.empty())
        return Error{ErrorCode::invalid, QString::fromUtf8(rendered.faults.front().place + ": ")
                                             + rendered.faults.front().message};
    const QByteArray bytes = encode(rendered.bundle);
    const Result<QByteArray> unpacked = unpack(pack(bytes), {}, std::size_t(bytes.size()));
    return unpacked ? decodeBundle(*unpacked) : unpacked.error();
}

void TestImport::file_comesBack_data()
{
    QTest::addColumn<QString>("name");
    const QStringList names = wildFiles();
    QVERIFY(names.size() >= 74);
    for (const char *ending : {".ini", ".properties", ".toml"})
        QVERIFY(names.filter(QString::fromLatin1(ending)).size() >= 8);
    for (const QString &name : names)
        QTest::newRow(qPrintable(name)) << name;
}

void TestImport::file_comesBack()
{
    QFETCH(QString, name);
    Contents contents;
    const Layer layer = layerOf({name}, contents);
    const Result<Bundle> bundle = broughtToHost(layer, contents);
    QVERIFY2(bundle, bundle ? "" : qPrintable(bundle.error().message));
    QCOMPARE(bundle->files.size(), std::size_t(1));
    QCOMPARE(bundle->files.front().path, name.toUtf8());
    QVERIFY(bundle->files.front().rights == layer.files.front().rights);
    QCOMPARE(bundle->files.front().bytes, bytesOf(name));
}

void TestImport::allFiles_comeBackTogether()
{
    Contents contents;
    const Result<Bundle> bundle = broughtToHost(layerOf(wildFiles(), contents), contents);
    QVERIFY2(bundle, bundle ? "" : qPrintable(bundle.error().message));
    QCOMPARE(bundle->files.size(), std::size_t(wildFiles().size()));
    for (const BundleFile &file : bundle->files)
        QCOMPARE(file.bytes, bytesOf(QString::fromUtf8(file.path)));
}

static QByteArray escaped(QByteArray name) { return name.replace("~", "~0").replace("/", "~1"); }

/// A value, and how many lines it takes beyond one.
struct Scalar
{
    QByteArray text;
    qsizetype lines = 0;
    bool operator==(const Scalar &other) const { return text == other.text; }
};
using Scalars = std::map<QByteArray, Scalar>;

static Scalar scalarOf(const QByteArray &value) { return {value, value.count('\n')}; }

static void gatherScalars(const DocumentNode &node, const QByteArray &pointer, Scalars &scalars)
{
    if (node.kind != DocumentNode::Kind::list && node.kind != DocumentNode::Kind::map)
        scalars[pointer] = scalarOf(node.text);
    for (std::size_t index = 0; index < node.children.size(); ++index) {
        const DocumentNode &child = node.children[index];
        const bool isMap = node.kind == DocumentNode::Kind::map;
        const QByteArray part = isMap ? escaped(child.name) : QByteArray::number(index);
        gatherScalars(child, pointer + '/' + part, scalars);
    }
}

/// As they are written: a text of TOML may take more lines than it has.
static void setLines(const DocumentNode &node, const QByteArray &text, const QByteArray &pointer,
                     Scalars &scalars)
{
    if (const auto found = scalars.find(pointer); found != scalars.end())
        found->second.lines = text.sliced(node.begin, node.end - node.begin).count('\n');
    for (std::size_t index = 0; index < node.children.size(); ++index) {
        const DocumentNode &child = node.children[index];
        const bool isMap = node.kind == DocumentNode::Kind::map;
        const QByteArray part = isMap ? escaped(child.name) : QByteArray::number(index);
        setLines(child, text, pointer + '/' + part, scalars);
    }
}

static Scalars scalarsOfGoconf(const QByteArray &text)
{
    Scalars scalars;
    QByteArray section;
    const auto entries = scanGoconf(text);
    for (const GoconfEntry &entry : entries ? *entries : std::vector<GoconfEntry>()) {
        if (entry.isSection)
            section = '/' + escaped(entry.name) + '/';
        else
            scalars[section + escaped(entry.name)] = scalarOf(entry.value);
    }
    return scalars;
}

static Scalars scalarsOfIni(const QByteArray &text)
{
    std::map<QByteArray, std::vector<Scalar>> found;
    QByteArray section = "/";
    const auto entries = scanIni(text);
    for (const IniEntry &entry : entries ? *entries : std::vector<IniEntry>()) {
        if (entry.style == IniEntry::Style::section)
            section = '/' + escaped(entry.name) + '/';
        else
            found[section + escaped(entry.name)].push_back(scalarOf(entry.value));
    }
    Scalars scalars;
    for (const auto &[pointer, values] : found) {
        for (std::size_t index = 0; index < values.size(); ++index) {
            const bool isOne = values.size() == 1;
            scalars[isOne ? pointer : pointer + '/' + QByteArray::number(index)] = values[index];
        }
    }
    return scalars;
}

static Scalars scalarsOfProperties(const QByteArray &text)
{
    Scalars scalars;
    const auto entries = scanProperties(text);
    for (const auto &entry : entries ? *entries : std::vector<PropertiesEntry>()) {
        const QByteArray written = text.sliced(entry.begin, entry.end - entry.begin);
        scalars['/' + escaped(entry.name)] = {entry.value, written.count('\n')};
    }
    return scalars;
}

/// All values of a text, by their pointers.
static Scalars scalarsOf(const QString &name, const QByteArray &text)
{
    Scalars scalars;
    const Format format = formatOfPath(name.toUtf8()).value_or(Format::goconf);
    if (format == Format::goconf)
        return scalarsOfGoconf(text);
    if (format == Format::ini)
        return scalarsOfIni(text);
    if (format == Format::properties)
        return scalarsOfProperties(text);
    if (format == Format::env) {
        const auto entries = scanEnv(text);
        for (const EnvEntry &entry : entries ? *entries : std::vector<EnvEntry>())
            scalars['/' + escaped(entry.name)] = scalarOf(entry.value);
        return scalars;
    }
    const auto root = format == Format::json   ? readJson(text)
                      : format == Format::yaml ? readYaml(text)
                                               : readToml(text);
    if (root)
        gatherScalars(*root, {}, scalars);
    if (root && format == Format::toml)
        setLines(*root, text, {}, scalars);
    return scalars;
}

/// What can be changed alone only in an editor; of all others each is.
static QByteArray heldOf(const QString &name)
{
    static const std::map<QString, QByteArray> held{
        // Put together by the reader.
        {QStringLiteral(".env"), "/MAIL_FROM_NAME"},
        {QStringLiteral("docker.env"), "/JSON /WINDOWS"},
        {QStringLiteral("laravel.env"), "/MIX_PUSHER_APP_KEY"},
        // Several lines, names alone, and what readers do not agree on.
        {QStringLiteral("alembic.ini"), "/alembic/version_locations"},
        {QStringLiteral("grafana.ini"), "/database/password"},
        {QStringLiteral("my.ini"), "/mysqld/innodb_buffer_pool_size /mysqld/log-bin "
                                   "/mysqld/skip-name-resolve /mysqldump/quick"},
        {QStringLiteral("shop.service"),
         "/Service/Environment/1 /Service/ExecReload /Service/ExecStart"},
        {QStringLiteral("uwsgi.ini"), "/uwsgi/if-env"},
        // Blocks, texts of several lines, and nothing.
        {QStringLiteral("alert-rules.yml"), "/groups/0/rules/0/annotations/description"},
        {QStringLiteral("application.yml"), "/feature/legacy"},
        {QStringLiteral("k8s-configmap.yaml"), "/data/app.properties /data/motd /data/plain"},
        // Anchors that are used, and aliases.
        {QStringLiteral(".gitlab-ci.yml"),
         "/.base/before_script/0 /.base/image /.base/retry /build/<</before_script/0 "
         "/build/<</image /build/<</retry /test/script"},
        {QStringLiteral("deployment.yaml"),
         "/metadata/labels/app.kubernetes.io~1name /metadata/labels/app.kubernetes.io~1version "
         "/spec/selector/matchLabels/app.kubernetes.io~1name "
         "/spec/selector/matchLabels/app.kubernetes.io~1version "
         "/spec/template/metadata/labels/app.kubernetes.io~1name "
         "/spec/template/metadata/labels/app.kubernetes.io~1version"},
        {QStringLiteral("docker-compose.yml"),
         "/services/db/command /services/db/logging/<</driver "
         "/services/db/logging/<</options/max-file /services/db/logging/<</options/max-size "
         "/services/web/logging/driver /services/web/logging/options/max-file "
         "/services/web/logging/options/max-size /x-logging/driver /x-logging/options/max-file "
         "/x-logging/options/max-size"},
        {QStringLiteral("i18n.yml"), "/zh-TW/title /zh/title"},
    };
    const auto found = held.find(name);
    return found == held.end() ? QByteArray() : found->second;
}

void TestImport::value_changesAlone_data()
{
    QTest::addColumn<QString>("name");
    for (const QString &name : wildFiles()) {
        if (!scalarsOf(name, bytesOf(name)).empty())
            QTest::newRow(qPrintable(name)) << name;
    }
}

/// Nothing if the texts differ in one line alone, or in the \a lines more that the value took.
static QString faultOfLines(const QByteArray &a, const QByteArray &b, qsizetype lines)
{
    if (a == b)
        return {};
    const QByteArrayList old = a.split('\n');
    const QByteArrayList now = b.split('\n');
    qsizetype first = 0;
    while (first < old.size() && first < now.size() && old[first] == now[first])
        ++first;
    qsizetype last = 0;
    while (last < old.size() - first && last < now.size() - first
           && old[old.size() - 1 - last] == now[now.size() - 1 - last])
        ++last;
    if (old.size() - first - last != 1 + lines || now.size() - first - last != 1)
        return QStringLiteral("other lines changed");
    if (old[old.size() - 1 - last].endsWith('\r') != now[first].endsWith('\r'))
        return QStringLiteral("the end of the line changed");
    return {};
}

static QString faultOfEdit(const QString &name, const QByteArray &text, const QByteArray &pointer,
                           const QByteArray &value)
{
    const Result<QByteArray> edited = withScalar(name.toUtf8(), text, pointer, value);
    if (!edited)
        return edited.error().message;
    auto expected = scalarsOf(name, text);
    if (const QString fault = faultOfLines(text, *edited, expected[pointer].lines);
        !fault.isEmpty())
        return fault;
    if (scalarIn(name.toUtf8(), *edited, pointer).value_or("?") != value)
        return QStringLiteral("another value is read");
    expected[pointer] = scalarOf(value);
    return scalarsOf(name, *edited) == expected ? QString()
                                                : QStringLiteral("other values changed");
}

static QByteArrayList valuesToWrite()
{
    return {"changed",   "43",
            "a: b # c",  "-1.5e3",
            "true",      "no",
            "two words", "it's \"so\" \\",
            "ünï ☃ 😀",   "$HOME `id` ${x}",
            "[1, {}]",   "",
            " x ",       "line\nline",
            "- x",       "~"};
}

void TestImport::value_changesAlone()
{
    QFETCH(QString, name);
    const auto format = formatOfPath(name.toUtf8());
    const QByteArray text = bytesOf(name);
    const auto scalars = scalarsOf(name, text);
    // Large files are slow to read: fewer values, spread over the file.
    const bool isLarge = text.size() > 10'000;
    const std::size_t spreadMax = isLarge ? 30 : 100;
    const std::size_t step = (scalars.size() + spreadMax - 1) / spreadMax;
    const QByteArrayList values = isLarge ? valuesToWrite().first(2) : valuesToWrite();
    std::size_t index = 0;
    QByteArrayList held;
    for (const auto &[pointer, before] : scalars) {
        if (index++ % step != 0)
            continue;
        if (!withScalar(name.toUtf8(), text, pointer, "changed")) {
            held << pointer;
            continue;
        }
        for (const QByteArray &value : values) {
            if ((!format && goconfValueFault(value))
                || (format == Format::ini && iniValueFault(value)))
                continue;
            const QString fault = faultOfEdit(name, text, pointer, value);
            // In env a line feed is written as it is.
            if (name.endsWith(QStringLiteral(".env")) && value.contains('\n'))
                continue;
            QVERIFY2(fault.isEmpty(),
                     qPrintable(QString::fromUtf8(pointer + " = " + value + ": ") + fault));
        }
    }
    QCOMPARE(held.join(' '), heldOf(name));
}

QTEST_GUILESS_MAIN(TestImport)
#include "tst_import.moc"
