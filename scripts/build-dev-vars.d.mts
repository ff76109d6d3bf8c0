export function exampleText(providers: { slug: string; name: string; base_url: string | null }[]): string
