/** The numbers that stand for surfaces and borders in a track's geometry; see protocol/messages.ts. */

/** What the road is made of; `GAP`: nothing, cars fly over it. */
export const Surface = { ASPHALT: 0, DIRT: 1, GRASS: 2, ICE: 3, PLASTIC: 4, GAP: 5 } as const;

/** What the road is bounded by. */
export const Border = { WALL: 0, OPEN: 1, VERGE: 2 } as const;
