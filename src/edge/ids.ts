const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/** 62^5 fits well into the 52 random bits of one draw. */
const charactersADraw = 5

/** `gen-<unix seconds>-<20 of [A-Za-z0-9]>`: one generation, in every chunk, header and record of it. */
export function generationId(nowMs: number, random: () => number): string {
  return `gen-${Math.floor(nowMs / 1000)}-${randomText(20, random)}`
}

/** `req-<unix seconds>-<20 of [A-Za-z0-9]>`: one client request with all its attempts. */
export function requestId(nowMs: number, random: () => number): string {
  return `req-${Math.floor(nowMs / 1000)}-${randomText(20, random)}`
}

function randomText(length: number, random: () => number): string {
  let text = ''
  while (text.length < length) {
    let draw = Math.floor(random() * alphabet.length ** charactersADraw)
    for (let i = 0; i < charactersADraw && text.length < length; i++) {
      text += alphabet[draw % alphabet.length]
      draw = Math.floor(draw / alphabet.length)
    }
  }
  return text
}
