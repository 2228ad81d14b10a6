// The text that `polyrelu.plotting.packing` packed: characters in base 85, and in them a raw LZMA stream with lc = 4 and
// lp = pb = 0. After the description of the format in the LZMA specification (I. Pavlov, lzma-specification, 2015).
function unpacked(packed, alphabet, size) {
  return new TextDecoder().decode(expanded(bytes(packed, alphabet), size));
}

function bytes(packed, alphabet) {
  const value = new Uint8Array(128), words = Math.floor(packed.length / 5), found = new Uint8Array(4 * words);
  for (let i = 0; i < alphabet.length; i++) value[alphabet.charCodeAt(i)] = i;
  for (let word = 0, at = 0; word < words; word++) {
    let x = 0;
    for (let i = 0; i < 5; i++) x = 85 * x + value[packed.charCodeAt(at++)];
    for (let i = 3; i >= 0; i--, x = Math.floor(x / 256)) found[4 * word + i] = x % 256;
  }
  return found;
}

function expanded(input, size) {
  const chances = count => new Uint16Array(count).fill(1024); // probabilities of a bit 0, in parts of 2048
  const lengths = () => ({choice: chances(2), low: chances(8), middle: chances(8), high: chances(256)});
  const literals = chances(16 * 768), isMatch = chances(12), isRepeat = chances(12), isShort = chances(12);
  const repeats = [chances(12), chances(12), chances(12)];
  const matchLength = lengths(), repeatLength = lengths();
  const slots = [chances(64), chances(64), chances(64), chances(64)], near = chances(128), aligned = chances(16);
  const output = new Uint8Array(size);
  let range = 0xFFFFFFFF, code = 0, at = 1;
  for (let i = 0; i < 4; i++) code = (code << 8 | input[at++]) >>> 0;

  function refill() {
    if (range < 0x1000000) {
      range = range << 8 >>> 0;
      code = (code << 8 | input[at++]) >>> 0;
    }
  }

  function bit(table, i) {
    const bound = (range >>> 11) * table[i], isOne = code >= bound;
    if (isOne) {
      range -= bound;
      code -= bound;
      table[i] -= table[i] >> 5;
    } else {
      range = bound;
      table[i] += 2048 - table[i] >> 5;
    }
    refill();
    return isOne ? 1 : 0;
  }

  function tree(table, bits) {
    let i = 1;
    for (let k = 0; k < bits; k++) i = i << 1 | bit(table, i);
    return i - (1 << bits);
  }

  function reversed(table, first, bits) {
    let i = 1, x = 0;
    for (let k = 0; k < bits; k++) {
      const b = bit(table, first + i);
      i = i << 1 | b;
      x |= b << k;
    }
    return x;
  }

  function even(bits) { // bits that are as likely 0 as 1
    let x = 0;
    for (let k = 0; k < bits; k++) {
      range >>>= 1;
      const isOne = code >= range;
      if (isOne) code -= range;
      refill();
      x = 2 * x + (isOne ? 1 : 0);
    }
    return x;
  }

  function length(tables) {
    if (!bit(tables.choice, 0)) return tree(tables.low, 3);
    return bit(tables.choice, 1) ? 16 + tree(tables.high, 8) : 8 + tree(tables.middle, 3);
  }

  function distance(size) {
    const slot = tree(slots[Math.min(size, 3)], 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1, start = (2 | slot & 1) * 2 ** bits;
    if (slot < 14) return start + reversed(near, start - slot, bits);
    return start + 16 * even(bits - 4) + reversed(aligned, 0, 4);
  }

  const last = [0, 0, 0, 0]; // the four last distances, less 1
  let state = 0, n = 0;
  while (n < size) {
    if (!bit(isMatch, state)) { // a byte
      const table = 768 * ((n ? output[n - 1] : 0) >> 4);
      let symbol = 1;
      if (state >= 7) { // after a match: as it would have gone on, until it does not
        for (let other = output[n - last[0] - 1]; symbol < 256; other <<= 1) {
          const expected = other >> 7 & 1, b = bit(literals, table + (1 + expected << 8) + symbol);
          symbol = symbol << 1 | b;
          if (b !== expected) break;
        }
      }
      while (symbol < 256) symbol = symbol << 1 | bit(literals, table + symbol);
      output[n++] = symbol;
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      continue;
    }
    let count;
    if (!bit(isRepeat, state)) {
      count = length(matchLength);
      last.pop();
      last.unshift(distance(count));
      state = state < 7 ? 7 : 10;
    } else {
      let which = 0;
      if (bit(repeats[0], state)) which = bit(repeats[1], state) ? 2 + bit(repeats[2], state) : 1;
      else if (!bit(isShort, state)) which = -1;
      if (which > 0) last.unshift(last.splice(which, 1)[0]);
      count = which < 0 ? -1 : length(repeatLength);
      state = which < 0 ? (state < 7 ? 9 : 11) : state < 7 ? 8 : 11;
    }
    if (last[0] >= n) throw new Error("its data are damaged");
    for (let left = count + 2, from = n - last[0] - 1; left > 0; left--) output[n++] = output[from++];
  }
  if (n !== size || at > input.length) throw new Error("its data are damaged");
  return output;
}
