/**
 * A small seeded generator (sfc32, its state filled by splitmix32) of numbers strictly between 0 and 1. The same 32-bit
 * seed gives the same numbers everywhere, so a decision that was made with it can be replayed.
 */
export function randomOf(seed: number): () => number {
  let state = seed | 0
  const mixed = () => {
    state = (state + 0x9e3779b9) | 0
    let z = state ^ (state >>> 16)
    z = Math.imul(z, 0x21f0aaad)
    z ^= z >>> 15
    z = Math.imul(z, 0x735a2d97)
    return z ^ (z >>> 15)
  }
  let a = mixed()
  let b = mixed()
  let c = mixed()
  let counter = 1
  return () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return ((sum >>> 0) + 0.5) / 4294967296
  }
}

/** A fresh 32-bit seed from a source that is uniform in [0, 1). */
export function seedFrom(random: () => number): number {
  return Math.floor(random() * 4294967296) >>> 0
}
