/** Rows as in `seed/`. */
export interface Seed {
  providers: object[]
  models: object[]
  endpoints: object[]
}

export interface SeedTable {
  key: string[]
  rows: Record<string, string | number | null>[]
}

export function tablesOf(seed: Seed): Record<string, SeedTable>
export function statementsOf(tables: Record<string, SeedTable>, version: string): string[]
export function operatorStatements(tables: Record<string, SeedTable>): string[]
export function literal(value: string | number | null): string
