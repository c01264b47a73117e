// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "base/random.h"
#include "net/peer_frame.h"
#include "net/peer_limits.h"

#include <QTest>

using namespace coffer;
using namespace coffer::net;

static QByteArray magic() { return QByteArray(peerMagic, qsizetype(peerMagicBytes)); }

/// Takes frames until nothing is left; the reader counts as established after the first.
static Result<std::vector<PeerFrame>> takeAll(PeerFrameReader &reader)
{
    std::vector<PeerFrame> frames;
    for (;;) {
        auto next = reader.next();
        if (!next)
            return next.error();
        if (!*next)
            return frames;
        frames.push_back(**next);
        reader.setEstablished();
    }
}

class TestPeerFrame : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void appendFrame_isAsDocumented()
    {
        QByteArray out;
        appendFrame(out, PeerFrameKind::message, "abc");
        // length 4, CRC-32C of 03 61 62 63, kind 3, "abc": docs/formats/peer-transport.md
        QCOMPARE(out.toHex(), QByteArray("04000000"
                                         "335e6a7c"
                                         "03616263"));
    }

    void next_givesFramesHoweverTheyAreCut_data()
    {
        QTest::addColumn<quint64>("seed");
        for (quint64 seed = 1; seed <= 50; ++seed)
            QTest::addRow("seed %llu", seed) << seed;
    }
    void next_givesFramesHoweverTheyAreCut()
    {
        QFETCH(quint64, seed);
        SeededRandom random(seed);
        QByteArray stream = magic();
        std::vector<PeerFrame> sent{{PeerFrameKind::hello, "hello"}};
        for (int count = int(random.below(20)); count > 0; --count)
            sent.push_back({PeerFrameKind::message,
                            QByteArray(qsizetype(random.below(5000)), char(random.next()))});
        for (const PeerFrame &frame : sent)
            appendFrame(stream, frame.kind, frame.payload);

        PeerFrameReader reader;
        std::vector<PeerFrame> received;
        while (!stream.isEmpty()) {
            const auto piece = qsizetype(1 + random.below(random.below(2) == 0 ? 4 : 4000));
            reader.feed(stream.left(piece));
            stream.remove(0, piece);
            const auto frames = takeAll(reader);
            QVERIFY(frames);
            received.insert(received.end(), frames->begin(), frames->end());
        }
        QCOMPARE(received, sent);
        QCOMPARE(reader.waiting(), 0);
    }

    void next_refusesEveryFlippedBit()
    {
        QByteArray stream = magic();
        appendFrame(stream, PeerFrameKind::hello, "who I am");
        for (qsizetype bit = 0; bit < stream.size() * 8; ++bit) {
            QByteArray damaged = stream;
            damaged[bit / 8] = char(damaged[bit / 8] ^ (1 << (bit % 8)));
            PeerFrameReader reader;
            reader.feed(damaged);
            const auto frames = takeAll(reader);
            // A larger length waits for more; everything else is noticed at once.
            QVERIFY2(!frames || frames->empty(), qPrintable(QString::number(bit)));
        }
    }

    void next_refusesStrangersAtTheirFirstByte()
    {
        PeerFrameReader reader;
        reader.feed("G");
        const auto next = reader.next();
        QVERIFY(!next);
        QVERIFY(next.error().message.contains("--listen-peers"));
    }

    void next_refusesLargeFramesBeforeTheyAreThere()
    {
        PeerFrameReader reader;
        reader.feed(magic());
        QByteArray frame;
        appendFrame(frame, PeerFrameKind::hello, QByteArray(qsizetype(peerHelloBytesMax), 'x'));
        reader.feed(frame);
        QVERIFY(reader.next());
        reader.feed(frame.left(8));
        QVERIFY(reader.next().has_value());

        PeerFrameReader stranger;
        QByteArray tooLarge;
        appendFrame(tooLarge, PeerFrameKind::hello,
                    QByteArray(qsizetype(peerHelloBytesMax) + 1, 'x'));
        stranger.feed(magic());
        stranger.feed(tooLarge.left(8));
        QVERIFY(!stranger.next());
    }

    void next_allowsTheLargestMessageAndNoLarger()
    {
        for (const int more : {0, 1}) {
            PeerFrameReader reader;
            reader.feed(magic());
            reader.setEstablished();
            QByteArray frame;
            appendFrame(frame, PeerFrameKind::message,
                        QByteArray(qsizetype(limits::frameBytesMax) + more, 'x'));
            reader.feed(frame);
            QCOMPARE(reader.next().has_value(), more == 0);
        }
    }

    void next_wantsAHelloFirstAndOnlyOnce()
    {
        PeerFrameReader early;
        QByteArray message;
        appendFrame(message, PeerFrameKind::message, "x");
        early.feed(magic());
        early.feed(message);
        QVERIFY(!early.next());

        PeerFrameReader twice;
        QByteArray hello;
        appendFrame(hello, PeerFrameKind::hello, "x");
        twice.feed(magic());
        twice.feed(hello + hello);
        QVERIFY(twice.next());
        twice.setEstablished();
        QVERIFY(!twice.next());
    }

    void next_takesAddressesAfterTheHelloOnly()
    {
        for (const bool isEstablished : {false, true}) {
            PeerFrameReader reader;
            if (isEstablished)
                reader.setEstablished();
            QByteArray stream = magic();
            appendFrame(stream, PeerFrameKind::addresses, "x");
            reader.feed(stream);
            QCOMPARE(reader.next().has_value(), isEstablished);
        }
    }

    void next_refusesUnknownKindsAndEmptyFrames()
    {
        for (const QByteArray &bytes : {QByteArray(8, '\0'), [] {
                                            QByteArray frame;
                                            appendFrame(frame, PeerFrameKind(9), "x");
                                            return frame;
                                        }()}) {
            PeerFrameReader reader;
            reader.feed(magic());
            reader.setEstablished();
            reader.feed(bytes);
            QVERIFY(!reader.next());
        }
    }
};

QTEST_GUILESS_MAIN(TestPeerFrame)
#include "tst_peer_frame.moc"
