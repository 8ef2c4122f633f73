#include "cairn/p2p/peers_file.h"

#include <fstream>

#include <gtest/gtest.h>

#include "cairn/crypto/sha256.h"
#include "tests/support/temp_dir.h"

namespace cairn::p2p {
namespace {

constexpr int64_t kNow = 1'700'000'000;
constexpr Magic kMagic = {0xfa, 0xbf, 0xb5, 0xda};
constexpr char kOnion[] = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";

wire::Endpoint At(std::string_view text) { return *wire::Endpoint::Parse(text, 8333); }

AddressBook Book(uint32_t size) {
  AddressBook book{Random(1)};
  std::vector<wire::PeerAddress> peers;
  for (uint32_t i = 0; i < size; ++i) {
    const auto byte = static_cast<uint8_t>(i);
    peers.push_back({{wire::NetAddress::Ipv4(20, byte, static_cast<uint8_t>(i >> 8), 1), 8333},
                     1033,
                     kNow - i});
  }
  peers.push_back({At(kOnion), 1, kNow});
  peers.push_back({At("[1a1b::1]"), 9, kNow});
  book.Add(peers, wire::NetAddress::Internal("seed.example.org"), 0, kNow);
  book.Good(At("20.0.0.1"), kNow);
  book.Good(At(kOnion), kNow);
  book.Attempt(At("20.1.0.1"), true, kNow);
  return book;
}

void ExpectSame(const AddressBook& a, const AddressBook& b) {
  EXPECT_EQ(a.key(), b.key());
  for (const Table table : {Table::kNew, Table::kTried}) {
    const auto left = a.Entries(table);
    const auto right = b.Entries(table);
    ASSERT_EQ(left.size(), right.size());
    for (size_t i = 0; i < left.size(); ++i) {
      EXPECT_EQ(left[i].place, right[i].place);
      EXPECT_EQ(left[i].known.peer, right[i].known.peer);
      EXPECT_EQ(left[i].known.source, right[i].known.source);
      EXPECT_EQ(left[i].known.last_try, right[i].known.last_try);
      EXPECT_EQ(left[i].known.last_success, right[i].known.last_success);
      EXPECT_EQ(left[i].known.attempts, right[i].known.attempts);
    }
  }
}

void Write(const std::filesystem::path& file, ByteSpan bytes) {
  std::ofstream(file, std::ios::binary) << AsText(bytes);
}

TEST(PeersFile, KeepsTheBook) {
  const test::TempDir folder;
  const AddressBook book = Book(1000);
  ASSERT_TRUE(SavePeers(book, folder / "peers.dat", kMagic));
  const LoadedPeers loaded = LoadPeers(folder / "peers.dat", kMagic, Random(2));
  EXPECT_EQ(loaded.notice, "");
  EXPECT_TRUE(loaded.book.IsConsistent());
  ExpectSame(book, loaded.book);
  EXPECT_FALSE(std::filesystem::exists(folder / "peers.dat.new"));
}

TEST(PeersFile, BeginsWithAnEmptyBook) {
  const test::TempDir folder;
  const LoadedPeers loaded = LoadPeers(folder / "peers.dat", kMagic, Random(1));
  EXPECT_EQ(loaded.notice, "");
  EXPECT_EQ(loaded.book.Size(), 0U);
  ExpectSame(*DecodePeers(EncodePeers(loaded.book, kMagic), kMagic, Random(3)), loaded.book);
}

TEST(PeersFile, SaysInOneLineWhatIsWrongAndGoesOn) {
  const test::TempDir folder;
  const auto notice = [&](ByteSpan bytes, const Magic& magic = kMagic) {
    Write(folder / "peers.dat", bytes);
    LoadedPeers loaded = LoadPeers(folder / "peers.dat", magic, Random(1));
    EXPECT_EQ(loaded.book.Size(), 0U);
    return loaded.notice;
  };
  const Bytes bytes = EncodePeers(Book(5), kMagic);
  EXPECT_EQ(notice({}), "peers.dat is replaced: it is none of this version of Cairn");
  EXPECT_EQ(notice(AsBytes("cairn peers 2\n")),
            "peers.dat is replaced: it is none of this version of Cairn");
  EXPECT_EQ(notice(AsBytes("cairn peers 1\n")), "peers.dat is replaced: it is cut off");
  EXPECT_EQ(notice(ByteSpan(bytes).first(bytes.size() - 1)),
            "peers.dat is replaced: its checksum is wrong");
  EXPECT_EQ(notice(bytes, {1, 2, 3, 4}), "peers.dat is replaced: it is of another chain");
  std::filesystem::remove(folder / "peers.dat");
  std::filesystem::create_directory(folder / "peers.dat");
  const LoadedPeers loaded = LoadPeers(folder / "peers.dat", kMagic, Random(1));
  EXPECT_NE(loaded.notice, "");
  EXPECT_EQ(loaded.notice.find('\n'), std::string::npos);
  EXPECT_FALSE(SavePeers(Book(1), folder / "peers.dat", kMagic));
  EXPECT_FALSE(SavePeers(Book(1), folder / "no" / "peers.dat", kMagic));
}

TEST(PeersFile, SeesEveryFlippedBitAndEveryCut) {
  const Bytes bytes = EncodePeers(Book(20), kMagic);
  for (size_t i = 0; i < bytes.size(); ++i) {
    Bytes damaged = bytes;
    damaged[i] ^= static_cast<uint8_t>(1 << i % 8);
    EXPECT_FALSE(DecodePeers(damaged, kMagic, Random(1))) << i;
    EXPECT_FALSE(DecodePeers(ByteSpan(bytes).first(i), kMagic, Random(1))) << i;
  }
}

TEST(PeersFile, IsSafeBehindARightChecksum) {
  const Bytes bytes = EncodePeers(Book(20), kMagic);
  const size_t sealed = bytes.size() - 32;
  size_t accepted = 0;
  for (size_t i = 18; i < sealed; ++i) {
    for (const uint8_t flip : {0x01, 0x80, 0xff}) {
      Bytes damaged(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(sealed));
      damaged[i] ^= flip;
      Append(damaged, crypto::Sha256Of(damaged));
      auto book = DecodePeers(damaged, kMagic, Random(1));
      if (!book) continue;
      ++accepted;
      EXPECT_TRUE(book->IsConsistent()) << i;
      EXPECT_LE(book->GetAddresses(0, 0, std::nullopt, kNow).size(), 22U);
    }
  }
  EXPECT_GT(accepted, 100U);
}

TEST(PeersFile, TakesAnchorsOnce) {
  const test::TempDir folder;
  const auto file = folder / "anchors.dat";
  EXPECT_TRUE(TakeAnchors(file, kMagic).empty());
  const std::vector<wire::Endpoint> anchors = {At("20.0.0.1"), At(kOnion)};
  ASSERT_TRUE(SaveAnchors(anchors, file, kMagic));
  EXPECT_EQ(TakeAnchors(file, kMagic), anchors);
  EXPECT_FALSE(std::filesystem::exists(file));
  ASSERT_TRUE(SaveAnchors({At("1.1.1.1"), At("2.2.2.2"), At("3.3.3.3")}, file, kMagic));
  EXPECT_EQ(TakeAnchors(file, kMagic).size(), kMaxAnchors);
  const Bytes bytes = EncodeAnchors(anchors, kMagic);
  for (size_t i = 0; i < bytes.size(); ++i) {
    Bytes damaged = bytes;
    damaged[i] ^= 1;
    EXPECT_FALSE(DecodeAnchors(damaged, kMagic)) << i;
    EXPECT_FALSE(DecodeAnchors(ByteSpan(bytes).first(i), kMagic)) << i;
  }
  Write(file, AsBytes("nonsense"));
  EXPECT_TRUE(TakeAnchors(file, kMagic).empty());
  EXPECT_FALSE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace cairn::p2p
