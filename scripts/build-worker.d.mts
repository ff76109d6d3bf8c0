export function buildWorker(entry?: string): Promise<string>
