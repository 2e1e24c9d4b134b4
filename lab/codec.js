"use strict";
// 자료 파일의 글을 수의 배열로 풉니다: base64 → 압축 풀기 → 반정밀도 실수나 이미지.
// 파일을 만드는 쪽은 aelab/lab.py입니다.
{
  const SIDE = 32;
  const PLANE = SIDE * SIDE; // 한 채널의 픽셀 수
  const IMAGE = 3 * PLANE; // 이미지 한 장의 값의 수

  /** [-1, 1]의 값을 0부터 255까지로. 반올림은 담는 배열이 합니다. @param {number} value */
  const toByte = (value) => (value + 1) * 127.5;

  /** 0부터 255까지의 값을 [-1, 1]로. @param {number} byte */
  const fromByte = (byte) => byte / 127.5 - 1;

  /**
   * @param {string} text base64
   * @returns {Uint8Array<ArrayBuffer>}
   */
  function fromBase64(text) {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
    return bytes;
  }

  /**
   * zlib로 압축한 것을 브라우저에 든 해제기로 풉니다.
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  async function inflate(bytes) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /**
   * 반정밀도 실수(부호 1, 지수 5, 가수 10비트) 하나를 수로 바꿉니다.
   * @param {number} half 0부터 65535
   */
  function halfToNumber(half) {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    if (exponent === 0) return sign * fraction * 2 ** -24; // 지수의 바닥에는 숨은 1이 없다
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }

  // 수십만 개를 하나씩 셈하는 대신 65,536가지의 답을 한 번만 만들어 둔다
  /** @type {Float32Array | undefined} */
  let halfTable;

  /**
   * 아래 바이트를 먼저, 위 바이트를 나중에 모아 둔 반정밀도 실수를 풉니다.
   * 지수가 든 위 바이트끼리 모으면 비슷한 값이 이어져 압축이 더 잘 됩니다.
   * @param {Uint8Array} bytes
   * @returns {Float32Array<ArrayBuffer>}
   */
  function halvesToFloats(bytes) {
    halfTable ??= Float32Array.from({ length: 65536 }, (_, half) => halfToNumber(half));
    const count = bytes.length / 2;
    const floats = new Float32Array(count);
    for (let i = 0; i < count; i++) floats[i] = halfTable[bytes[i] | (bytes[count + i] << 8)];
    return floats;
  }

  /**
   * 이미지를 채널끼리의 차이와 이웃 픽셀로 짐작한 값과의 차이로 적어 둔 것을 되돌립니다.
   * 짐작은 왼쪽 a, 위 b, 왼쪽 위 c에서 a, b, a + b − c의 가운데 값입니다(JPEG-LS의 방법).
   * @param {Uint8Array} differences 이미지마다 G, R − G, B − G의 순서로 3072바이트
   * @returns {Uint8Array<ArrayBuffer>} 이미지마다 R, G, B의 순서로 3072바이트
   */
  function decodeImages(differences) {
    const images = new Uint8Array(differences);
    for (let start = 0; start < images.length; start += PLANE) {
      for (let i = 0; i < PLANE; i++) {
        const at = start + i;
        const a = i % SIDE ? images[at - 1] : 0;
        const b = i >= SIDE ? images[at - SIDE] : 0;
        const c = i % SIDE && i >= SIDE ? images[at - SIDE - 1] : 0;
        // Uint8Array에 넣으면 256으로 나눈 나머지만 남아, 저장할 때 넘친 것이 저절로 되돌아온다
        images[at] += Math.max(Math.min(a, b), Math.min(Math.max(a, b), a + b - c));
      }
    }
    for (let start = 0; start < images.length; start += IMAGE) {
      for (let i = start; i < start + PLANE; i++) {
        const green = images[i];
        images[i] = images[i + PLANE] - 128 + green;
        images[i + PLANE] = green;
        images[i + 2 * PLANE] += green - 128;
      }
    }
    return images;
  }

  const codec = {
    SIDE,
    PLANE,
    IMAGE,
    toByte,
    fromByte,
    fromBase64,
    inflate,
    halfToNumber,
    halvesToFloats,
    decodeImages,
  };
  globalThis.aelab = { ...globalThis.aelab, codec };
  if (typeof module !== "undefined") module.exports = codec; // node 시험과 형 검사가 읽는 곳
}
