export function listen(port: number): Promise<{ port: number; open(targetPort: number): void; close(): Promise<void> }>
