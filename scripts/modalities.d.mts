export function outputsNamed(id: string): string[] | null
export function isOffered(id: string): boolean
export function outputsOf(row: { model: string; in: string[]; out: string[] }): string[]
