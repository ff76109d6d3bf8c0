/** A region of this gateway by the name that clients know it by. */
export function dataRegionOf(region: string): 'global' | 'europe' | 'us' {
  switch (region) {
    case 'eu':
      return 'europe'
    case 'us':
      return 'us'
    default:
      return 'global'
  }
}
