/** Transactions. Vacuum has been able to clean nothing for so long: autovacuum_freeze_max_age is 200 million. */
export const oldestXmin = 10_000_000;
