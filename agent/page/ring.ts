/** Values of the last moments, the newest last: as many as it was made for, and no byte more. */
export interface Ring {
  /** Puts it into the newest slot. */
  set(value: number): void;
  readonly newest: number;
  /** Goes on by as many slots, which hold nothing then. */
  move(slots: number): void;
  /** A copy, the oldest first. */
  values(): number[];
}

/** @param blank what a slot holds that nothing was put into; @param room an array of as many slots as are kept */
export function ring(room: Float32Array | Uint8Array, blank: number): Ring {
  room.fill(blank);
  let at = 0;
  return {
    set: (value) => {
      room[at] = value;
    },
    get newest() {
      return room[at] ?? blank;
    },
    move: (slots) => {
      for (let turn = 0; turn < Math.min(slots, room.length); turn += 1) {
        at = (at + 1) % room.length;
        room[at] = blank;
      }
    },
    values: () => [...room.subarray(at + 1), ...room.subarray(0, at + 1)],
  };
}
