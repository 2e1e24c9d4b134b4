// 자료 파일의 글을 푸는 계산. 파일을 만드는 쪽과의 왕복은 tests/test_lab.py에 있습니다.
const assert = require("node:assert/strict");
const { test } = require("node:test");
const { deflateSync } = require("node:zlib");
const codec = require("../codec.js");

test("base64 and zlib are undone", async () => {
  const content = Uint8Array.from({ length: 1000 }, (_, i) => (i * i) % 251);
  const text = deflateSync(content).toString("base64");
  assert.deepEqual(await codec.inflate(codec.fromBase64(text)), content);
});

test("damaged data is refused", async () => {
  const packed = deflateSync(Uint8Array.from([1, 2, 3]));
  packed[5] ^= 0xff;
  await assert.rejects(codec.inflate(Uint8Array.from(packed)));
  assert.throws(() => codec.fromBase64("한글"));
});

test("half precision equals known numbers", () => {
  const known = new Map([
    [0x0000, 0], [0x3c00, 1], [0xc000, -2], [0x3555, 0.333251953125], [0x7bff, 65504],
    [0x0400, 2 ** -14], [0x0001, 2 ** -24], [0x03ff, 1023 * 2 ** -24], [0x7c00, Infinity], [0xfc00, -Infinity],
  ]);
  for (const [half, number] of known) assert.equal(codec.halfToNumber(half), number);
  assert.ok(Number.isNaN(codec.halfToNumber(0x7e00)));
  assert.ok(Object.is(codec.halfToNumber(0x8000), -0));
});

test("low bytes come first, high bytes after", () => {
  // 1.0 = 0x3c00, 0.333… = 0x3555
  assert.deepEqual([...codec.halvesToFloats(Uint8Array.from([0x00, 0x55, 0x3c, 0x35]))], [1, 0.333251953125]);
});

test("a flat image is its first pixel and no differences", () => {
  const differences = new Uint8Array(3072);
  // G = 10, R − G + 128 = 108, B − G + 128 = 138
  differences[0] = 10;
  differences[1024] = 108;
  differences[2048] = 138;
  const image = codec.decodeImages(differences);
  assert.deepEqual([image[0], image[1023], image[1024], image[2047], image[2048], image[3071]], [246, 246, 10, 10, 20, 20]);
  assert.equal(differences[1], 0, "받은 것은 바꾸지 않는다");
});
