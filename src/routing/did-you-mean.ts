const mostMeant = 3

/**
 * The models that somebody may have meant who gave an id that is none: those of the same name by whatever author, spelt
 * with dots or dashes; then the one whose name the given one begins with, as dated ids of other APIs do; then those
 * whose names begin with it. Empty where nothing is near. `routerIds` are only meant by their very name.
 */
export function meantBy(wrongId: string, ids: readonly string[], routerIds: readonly string[] = []): string[] {
  const wanted = nameOf(wrongId)
  if (wanted === '') return []
  let stem = ''
  const same = routerIds.filter((id) => nameOf(id) === wanted)
  const longer: string[] = []
  let shorter: string | null = null
  for (const id of ids) {
    const name = nameOf(id)
    if (name === wanted) same.push(id)
    else if (name.startsWith(`${wanted}-`)) longer.push(id)
    else if (wanted.startsWith(`${name}-`) && name.length > stem.length) {
      stem = name
      shorter = id
    }
  }
  return (same.length > 0 ? same : shorter === null ? longer : [shorter]).slice(0, mostMeant)
}

/** Without author and suffix, and as alike as ids of one model are. */
function nameOf(id: string): string {
  const [name = ''] = id.slice(id.lastIndexOf('/') + 1).split(':')
  return name
    .trim()
    .toLowerCase()
    .replace(/[._@ ]/g, '-')
}
