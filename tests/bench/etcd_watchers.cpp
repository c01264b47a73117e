// SPDX-License-Identifier: Apache-2.0
#include "bench/etcd_wish.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>

using namespace Qt::StringLiterals;

namespace coffer::bench {

namespace {

const std::string watchedKey = "/coffer-bench/watched";

class Watcher
{
public:
    Watcher(const EtcdWish &wish, int index, grpc::CompletionQueue &queue)
        : m_stub(etcdserverpb::Watch::NewStub(wish.connect(index)))
        , m_stream(m_stub->AsyncWatch(&m_context, &queue, this))
    {}
    /// One step further; what was told, if that was it.
    [[nodiscard]] const etcdserverpb::WatchResponse *proceed()
    {
        switch (m_step) {
        case Step::open: {
            etcdserverpb::WatchRequest request;
            request.mutable_create_request()->set_key(watchedKey);
            m_step = Step::ask;
            m_stream->Write(request, this);
            return nullptr;
        }
        case Step::ask:
            m_step = Step::listen;
            m_stream->Read(&m_told, this);
            return nullptr;
        case Step::listen: break;
        }
        return &m_told;
    }
    void listen() { m_stream->Read(&m_told, this); }
    void cancel() { m_context.TryCancel(); }

private:
    enum class Step { open, ask, listen };

    grpc::ClientContext m_context;
    std::unique_ptr<etcdserverpb::Watch::Stub> m_stub;
    std::unique_ptr<
        grpc::ClientAsyncReaderWriter<etcdserverpb::WatchRequest, etcdserverpb::WatchResponse>>
        m_stream;
    etcdserverpb::WatchResponse m_told;
    Step m_step = Step::open;
};

class Watches
{
public:
    explicit Watches(const EtcdWish &wish)
        : m_wish(wish)
        , m_value(std::size_t(wish.bytes), 'x')
        , m_writer(etcdserverpb::KV::NewStub(wish.connect(wish.clients)))
    {
        for (int index = 0; index < wish.clients; ++index)
            m_watchers.push_back(std::make_unique<Watcher>(wish, index, m_queue));
        while (m_created < wish.clients)
            handleNext();
    }
    ~Watches()
    {
        for (const auto &watcher : m_watchers)
            watcher->cancel();
        m_queue.Shutdown();
        void *tag = nullptr;
        bool isOk = false;
        while (m_queue.Next(&tag, &isOk)) {}
    }
    void run()
    {
        const Time::time_point begin = Time::now();
        const std::chrono::duration<double> turn(1 / m_wish.rate);
        for (int n = 0; double(n) * turn.count() < m_wish.seconds; ++n) {
            awaitTime(begin + std::chrono::duration_cast<Time::duration>(turn * n));
            write();
            while (m_untold > 0 || m_isWriting)
                handleNext();
        }
        m_seconds = std::chrono::duration<double>(Time::now() - begin).count();
    }
    [[nodiscard]] QJsonObject result() const
    {
        return {{u"perSecond"_s, std::round(double(m_all.count()) / m_seconds)},
                {u"latency"_s, toJson(m_all)},
                {u"lastWatcher"_s, toJson(m_last)}};
    }

private:
    void write()
    {
        etcdserverpb::PutRequest request;
        request.set_key(watchedKey);
        request.set_value(m_value);
        m_context.emplace();
        m_untold = m_wish.clients;
        m_isWriting = true;
        m_written = Time::now();
        m_put = m_writer->AsyncPut(&*m_context, request, &m_queue);
        m_put->Finish(&m_done, &m_status, nullptr);
    }
    void awaitTime(Time::time_point due)
    {
        const auto deadline =
            std::chrono::system_clock::now()
            + std::chrono::duration_cast<std::chrono::microseconds>(due - Time::now());
        void *tag = nullptr;
        bool isOk = false;
        if (due > Time::now()
            && m_queue.AsyncNext(&tag, &isOk, deadline) != grpc::CompletionQueue::TIMEOUT)
            fail("an event came that nobody wrote");
    }
    void handleNext()
    {
        void *tag = nullptr;
        bool isOk = false;
        if (!m_queue.Next(&tag, &isOk) || !isOk)
            fail("a watch or a write ended");
        if (tag == nullptr) {
            m_isWriting = false;
            if (!m_status.ok())
                fail(m_status.error_message().c_str());
            return;
        }
        auto &watcher = *static_cast<Watcher *>(tag);
        const etcdserverpb::WatchResponse *told = watcher.proceed();
        if (told == nullptr)
            return;
        m_created += told->created() ? 1 : 0;
        for (int n = 0; n < told->events_size(); ++n)
            note();
        watcher.listen();
    }
    void note()
    {
        const auto since = std::chrono::duration_cast<Latencies::Time>(Time::now() - m_written);
        m_all.add(since);
        if (--m_untold == 0)
            m_last.add(since);
    }
    [[noreturn]] static void fail(const char *why)
    {
        std::fprintf(stderr, "etcd: %s\n", why);
        std::exit(1);
    }

    EtcdWish m_wish;
    std::string m_value;
    grpc::CompletionQueue m_queue;
    std::unique_ptr<etcdserverpb::KV::Stub> m_writer;
    std::vector<std::unique_ptr<Watcher>> m_watchers;
    std::optional<grpc::ClientContext> m_context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<etcdserverpb::PutResponse>> m_put;
    etcdserverpb::PutResponse m_done;
    grpc::Status m_status;
    Time::time_point m_written;
    Latencies m_all;
    Latencies m_last;
    double m_seconds = 1;
    int m_created = 0;
    int m_untold = 0;
    bool m_isWriting = false;
};

} // namespace

QJsonObject watchEtcd(const EtcdWish &wish)
{
    Watches watches(wish);
    watches.run();
    return watches.result();
}

} // namespace coffer::bench
