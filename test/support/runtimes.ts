import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** The process ids of the runtimes (workerd) that this very process has started. */
export function runtimes(): number[] {
  return processes()
    .filter(({ parent, name }) => parent === process.pid && name.includes('workerd'))
    .map(({ pid }) => pid)
}

/** Bytes of memory that a process holds, null where the system does not say. */
export function residentBytes(pid: number): number | null {
  const file = `/proc/${pid}/status`
  const kilobytes = existsSync(file) ? /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(file, 'utf8'))?.[1] : undefined
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}

function processes(): { pid: number; parent: number; name: string }[] {
  if (!existsSync('/proc/self/stat'))
    return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,comm='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .map(([pid, parent, name = '']) => ({ pid: Number(pid), parent: Number(parent), name }))
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const [, name = '', parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${entry}/stat`, 'utf8')) ?? []
        return [{ pid: Number(entry), parent: Number(parent), name }]
      } catch {
        // It has ended meanwhile.
        return []
      }
    })
}
