export function mintKeyRow(options: {
  kind: 'inference' | 'management'
  name: string
  secret?: string
  now?: number
}): Promise<{ key: string; hash: string; label: string; sql: string; params: (string | number | null)[] }>
