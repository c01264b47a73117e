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

static constexpr Monotonic lookMost{std::chrono::seconds(5)};
static constexpr std::chrono::seconds watchPause{1};
static constexpr std::size_t rootsMax = 1'000;

/// /v1/config/SERVICE/IDC and the query, as parameters.
static Answer<QCborMap> paramsOf(const net::HttpRequest &request)
{
    const QList<QByteArray> parts = request.decodedPath().split('/');
    if (parts.size() != 5) {
        return Failure::of(Code::invalidArgument,
                           u"path: expected /v1/config/SERVICE/IDC, or _all in place of an IDC"_s);
    }
    QCborMap params{{u"service"_s, textOf(parts[3])}, {u"scope"_s, textOf(parts[4])}};
    for (const char *name : {"format", "output", "wait", "host"}) {
        if (const std::optional<QByteArray> value = request.queryItem(name))
            params.insert(QLatin1String(name), textOf(*value));
    }
    const QByteArray known = request.header("If-None-Match");
    if (known.startsWith('"') && config::Hash::fromHex(known.mid(1, 64)) && known.size() == 66)
        params.insert(u"known"_s, textOf(known.mid(1, 64)));
    return params;
}

static net::HttpResponse responseOf(const net::HttpRequest &request, const QCborValue &result)
{
    const QCborMap map = result.toMap();
    const QByteArray tag = '"' + map.value(u"tag"_s).toString().toUtf8() + '"';
    const int status = request.statusFor(tag);
    if (status == 412) {
        return net::HttpResponse::error(status, u"CONFLICT"_s,
                                        u"If-Match: what is live has the ETag "_s + textOf(tag));
    }
    if (status == 304 || !map.contains(u"bytes"_s))
        return net::HttpResponse::text(304, {}).with("ETag", tag);
    return net::HttpResponse::text(200, map.value(u"bytes"_s).toByteArray())
        .with("ETag", tag)
        .with("Coffer-Version", map.value(u"version"_s).toString().toUtf8());
}

Result<void> RestMethods::start()
{
    rpc::Method render = methodOf(u"goconf.render"_s,
                                  u"Renders what is live in an IDC, or on a host in it: all keys "
                                  u"in a format, or the bytes of "
                                  "one output or file; wait: answers when the tag is another, or "
                                  "after 50 s; known: that tag is answered "
                                  "without the bytes."_s,
                                  schemaOf(R"("service":$name,"scope":$scope,
            "format":{"enum":["goconf","env","json","yaml","ini","properties","toml"]},
            "output":{"type":"string","maxLength":512},"host":$name,"wait":$hash,
            "known":$hash)",
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

// ---- what is live

/// The root of the files of hosts: what makes it is told by the hash of the layers.
Task<Answer<config::Hash>> RestMethods::rootOf(Viewer::Pointer view)
{
    const config::Hash name = view->stack.hash();
    const auto known = m_roots.find(name);
    if (known != m_roots.end()) {
        const config::Hash root = known->second; // co_return would move it out of the map
        co_return root;
    }
    const Answer<Viewer::Pointer> whole = co_await m_viewer.read(view->id, view->at, true);
    if (!whole)
        co_return whole.error();
    const Answer<config::Bundle> bundle = co_await m_viewer.bundle(*whole);
    if (!bundle)
        co_return bundle.error();
    const auto work = [files = *bundle] { return config::rootOf(config::encode(files)); };
    const Result<config::Hash> root = co_await m_context.offload(work);
    if (!root)
        co_return root.error();
    if (m_roots.size() >= rootsMax)
        m_roots.clear();
    m_roots.insert_or_assign(name, *root);
    co_return *root;
}

/// Without the bytes.
Task<Answer<RestMethods::Shown>> RestMethods::look(QCborMap params)
{
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const ViewId id{.service = textIn(params, "service"),
                    .scope = textIn(params, "scope", baseScope),
                    .host = textIn(params, "host")};
    const Answer<Viewer::Pointer> view = co_await m_viewer.read(id, *at, false);
    if (!view)
        co_return view.error();
    if ((*view)->version.isEmpty()) {
        co_return Failure::of(Code::notFound, u"nothing of %1 is live in %2"_s.arg(
                                                  textOf(id.service), textOf(id.scope)));
    }
    const Answer<config::Hash> root = co_await rootOf(*view);
    if (!root)
        co_return root.error();
    // What no file of a host has may be shown in a format all the same.
    const bool isFile = params.contains(u"output"_s);
    co_return Shown{*view, *root, isFile ? *root : (*view)->stack.hash()};
}

Task<rpc::Outcome> RestMethods::answer(Shown shown, QCborMap params)
{
    QCborMap map{{u"root"_s, textOf(shown.root.hex())},
                 {u"tag"_s, textOf(shown.tag.hex())},
                 {u"version"_s, textOf(shown.view->version)}};
    const QByteArray path = textIn(params, "output");
    if (path.isEmpty()) {
        const Result<config::Format> format =
            config::formatNamed(textIn(params, "format", "goconf"));
        if (!format)
            co_return format.error();
        const auto work = [view = shown.view, as = *format] {
            return config::renderSections(as, view->merged().layer.sections);
        };
        const Result<Result<QByteArray>> text = co_await m_context.offload(work);
        if (!text)
            co_return text.error();
        if (!*text)
            co_return text->error();
        map.insert(u"bytes"_s, **text);
        co_return QCborValue(map);
    }
    const Answer<Viewer::Pointer> whole =
        co_await m_viewer.read(shown.view->id, shown.view->at, true);
    if (!whole)
        co_return whole.error();
    const Answer<config::Bundle> bundle = co_await m_viewer.bundle(*whole);
    if (!bundle)
        co_return bundle.error();
    const auto file = std::find_if(bundle->files.begin(), bundle->files.end(),
                                   [&path](const auto &one) { return one.path == path; });
    if (file == bundle->files.end()) {
        co_return Failure::of(Code::notFound,
                              u"output: there is no file or output "_s + textOf(path));
    }
    map.insert(u"bytes"_s, file->bytes);
    co_return QCborValue(map);
}

// ---- waiting

/// Ends the wait when its time is over; soon after it if that ended by itself.
Task<Result<void>> RestMethods::endLater(std::shared_ptr<Wait> wait, Monotonic until)
{
    while (wait->watch != nullptr) {
        const Monotonic left = until - m_context.clock().monotonic();
        if (left <= Monotonic(0))
            break;
        const auto pause = std::chrono::ceil<std::chrono::milliseconds>(std::min(left, lookMost));
        const bool goesOn = co_await m_context.clock().sleep(pause);
        if (!goesOn)
            break;
    }
    wait->watch.reset();
    co_return Result<void>();
}

/// Whether a pointer of the service, or of what lies below it, has moved.
static bool hasMoved(const store::WatchBatch &batch, const QByteArray &service)
{
    return std::any_of(batch.events.begin(), batch.events.end(), [&service](const auto &event) {
        const QByteArray of = event.path.split('/').value(2);
        return of == service || of == globalService;
    });
}

/// Until that is so, or the wait ends.
Task<void> RestMethods::awaitMove(std::shared_ptr<Wait> wait, QByteArray service, Revision at)
{
    const Result<store::Glob> glob = store::Glob::parse(pointerPath("*", "*"));
    if (!glob)
        co_return;
    wait->watch = m_library.store().watch({*glob, at.next()});
    m_context.spawn(endLater(wait, wait->until), "end a wait");
    for (bool isMoved = false; !isMoved && wait->watch != nullptr;) {
        const Result<store::WatchAnswer> news = co_await wait->watch->next();
        const auto *batch = news ? std::get_if<store::WatchBatch>(&*news) : nullptr;
        isMoved = batch != nullptr && hasMoved(*batch, service);
        if (batch != nullptr || wait->watch == nullptr)
            continue;
        (void)co_await m_context.clock().sleep(watchPause); // it cannot be watched just now
        break;
    }
    wait->watch.reset();
}

Task<rpc::Outcome> RestMethods::render(rpc::Call &call)
{
    const QCborMap params = call.params;
    const QString awaited = params.value(u"wait"_s).toString();
    const Monotonic until = m_context.clock().monotonic() + waitMax;
    for (;;) {
        const Answer<Shown> shown = co_await look(params);
        if (!shown)
            co_return shown.error();
        const QString tag = textOf(shown->tag.hex());
        const bool isOver =
            tag != awaited || m_context.clock().monotonic() >= until || call.isCancelled();
        if (isOver && tag != awaited && tag != params.value(u"known"_s).toString()) {
            const rpc::Outcome answered = co_await answer(*shown, params);
            co_return answered;
        }
        if (isOver) {
            co_return QCborValue(QCborMap{{u"root"_s, textOf(shown->root.hex())},
                                          {u"tag"_s, tag},
                                          {u"version"_s, textOf(shown->view->version)}});
        }
        const auto wait = std::make_shared<Wait>(Wait{nullptr, until});
        call.onCancelled([wait] { wait->watch.reset(); });
        co_await awaitMove(wait, shown->view->id.service, shown->view->at);
        if (m_context.isStopping())
            co_return Failure::of(Code::unavailable, u"this node stops; ask another one"_s);
    }
}

} // namespace coffer::goconf
