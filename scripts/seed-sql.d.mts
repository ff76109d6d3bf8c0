export function seedVersion(): string
export function seedStatements(): string[]
