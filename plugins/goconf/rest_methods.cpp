// SPDX-License-Identifier: Apache-2.0
#include "goconf/rest_methods.h"

#include "goconf/method_kit.h"
#include "goconf/record_fields.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using rpc::Access;
using rpc::Answer;
using rpc::Code;
using rpc::Failure;

static constexpr std::chrono::milliseconds lookEvery{500};

/// /v1/config/SERVICE/IDC and the query, as parameters.
static Answer<QCborMap> paramsOf(const net::HttpRequest &request)
{
    const QList<QByteArray> parts = request.decodedPath().split('/');
    if (parts.size() != 5) {
        return Failure::of(Code::invalidArgument,
                           u"path: expected /v1/config/SERVICE/IDC, or _all in place of an IDC"_s);
    }
    QCborMap params{{u"service"_s, textOf(parts[3])}, {u"scope"_s, textOf(parts[4])}};
    for (const char *name : {"format", "output", "wait"}) {
        if (const std::optional<QByteArray> value = request.queryItem(name))
            params.insert(QLatin1String(name), textOf(*value));
    }
    return params;
}

static net::HttpResponse responseOf(const net::HttpRequest &request, const QCborValue &result)
{
    const QCborMap map = result.toMap();
    const QByteArray tag = '"' + map.value(u"root"_s).toString().toUtf8() + '"';
    if (request.header("If-None-Match") == tag)
        return net::HttpResponse::text(304, {}).with("ETag", tag);
    return net::HttpResponse::text(200, map.value(u"bytes"_s).toByteArray())
        .with("ETag", tag)
        .with("Coffer-Version", map.value(u"version"_s).toString().toUtf8());
}

Result<void> RestMethods::start()
{
    rpc::Method render = methodOf(
        u"goconf.render"_s,
        u"Renders what is live in an IDC: all its keys in a format, or the bytes of one output or "
        "file; wait: answers when the root is another, after 50 s at the latest."_s,
        schemaOf(R"("service":$name,"scope":$scope,
            "format":{"enum":["goconf","env","json","yaml","ini","properties","toml"]},
            "output":{"type":"string","maxLength":512},"wait":$hash)",
                 R"("service","scope")"),
        Access::Kind::read, &touchesService);
    render.deadline = std::chrono::seconds(60);
    if (const Result<void> added = m_context.methods().add(render, *this, &RestMethods::render);
        !added)
        return added;
    return m_context.methods().addRoute({.path = "/v1/config/*",
                                         .method = render.name,
                                         .params = &paramsOf,
                                         .response = &responseOf});
}

Task<Answer<QCborMap>> RestMethods::renderOnce(QCborMap params)
{
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const ViewId id{textIn(params, "service"), textIn(params, "scope", baseScope), {}, {}};
    const Answer<Viewer::Pointer> view = co_await m_viewer.read(id, *at, true);
    if (!view)
        co_return view.error();
    if ((*view)->version.isEmpty()) {
        co_return Failure::of(Code::notFound, u"nothing of %1 is live in %2"_s.arg(
                                                  textOf(id.service), textOf(id.scope)));
    }
    const Answer<config::Bundle> bundle = co_await m_viewer.bundle(*view);
    if (!bundle)
        co_return bundle.error();
    QCborMap map{{u"root"_s, textOf(config::rootOf(config::encode(*bundle)).hex())},
                 {u"version"_s, textOf((*view)->version)}};
    const QByteArray path = textIn(params, "output");
    if (path.isEmpty()) {
        const Result<config::Format> format =
            config::formatNamed(textIn(params, "format", "goconf"));
        if (!format)
            co_return format.error();
        const Result<QByteArray> text =
            config::renderSections(*format, (*view)->merged().layer.sections);
        if (!text)
            co_return text.error();
        map.insert(u"bytes"_s, *text);
        co_return map;
    }
    const auto file = std::find_if(bundle->files.begin(), bundle->files.end(),
                                   [&path](const auto &one) { return one.path == path; });
    if (file == bundle->files.end()) {
        co_return Failure::of(Code::notFound,
                              u"output: there is no file or output "_s + textOf(path));
    }
    map.insert(u"bytes"_s, file->bytes);
    co_return map;
}

Task<rpc::Outcome> RestMethods::render(rpc::Call &call)
{
    const QCborMap params = call.params;
    const QString wait = params.value(u"wait"_s).toString();
    const Monotonic until = m_context.clock().monotonic() + waitMax;
    for (;;) {
        const Answer<QCborMap> rendered = co_await renderOnce(params);
        if (!rendered)
            co_return rendered.error();
        const bool isOther = wait.isEmpty() || rendered->value(u"root"_s).toString() != wait;
        if (isOther || m_context.clock().monotonic() >= until || call.isCancelled())
            co_return QCborValue(*rendered);
        const bool goesOn = co_await m_context.clock().sleep(lookEvery);
        if (!goesOn)
            co_return Failure::of(Code::unavailable, u"this node stops; ask another one"_s);
    }
}

} // namespace coffer::goconf
