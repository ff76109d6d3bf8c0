export const anyCaller = 1
