import { expect, it } from 'vitest'
import { Background } from '../../src/edge/background.ts'

function opened() {
  const waited: Promise<unknown>[] = []
  const background = new Background({ waitUntil: (promise) => waited.push(promise) })
  return { background, waited }
}

const aTurn = () => new Promise((resolve) => setTimeout(resolve))

async function isOver(promise: Promise<unknown> | undefined): Promise<boolean> {
  let over = false
  promise?.then(
    () => {
      over = true
    },
    () => {
      over = true
    },
  )
  await aTurn()
  return over
}

it('asks the runtime once for all that goes on at the same time, until the last of it is over', async () => {
  const { background, waited } = opened()
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  background.add(first.promise)
  background.add(second.promise)
  expect(waited).toHaveLength(1)
  first.resolve()
  expect(await isOver(waited[0])).toBe(false)
  second.resolve()
  expect(await isOver(waited[0])).toBe(true)
})

it('goes on for what is begun by what it waits for', async () => {
  const { background, waited } = opened()
  const later = Promise.withResolvers<void>()
  background.add(
    (async () => {
      await aTurn()
      background.add(later.promise)
    })(),
  )
  await aTurn()
  expect(await isOver(waited[0])).toBe(false)
  later.resolve()
  await waited[0]
  expect(waited).toHaveLength(1)
})

it('asks anew for what comes after an end', async () => {
  const { background, waited } = opened()
  background.add(Promise.resolve())
  await waited[0]
  const late = Promise.withResolvers<void>()
  background.add(late.promise)
  expect(waited).toHaveLength(2)
  expect(await isOver(waited[1])).toBe(false)
  late.resolve()
  await waited[1]
})

it('tells the runtime of the first failure, and cuts nothing else short for it', async () => {
  const { background, waited } = opened()
  const slow = Promise.withResolvers<void>()
  background.add(Promise.reject(new Error('first')))
  background.add(Promise.reject(new Error('second')))
  background.add(slow.promise)
  expect(await isOver(waited[0])).toBe(false)
  slow.resolve()
  await expect(waited[0]).rejects.toThrow('first')
})
