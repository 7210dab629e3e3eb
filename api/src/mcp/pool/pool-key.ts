/** Whose connection, and under which settings of the server. */
export interface PoolKey {
  serverId: string;
  ownerId: string;
  configVersion: number;
  /** What was not known of a server can be learnt without a change of its settings. */
  authType: string;
  /** Which consent it is used by: a later one of the same owner may be another account. Null: none. */
  consent?: string | null;
}

export function idOf(key: PoolKey): string {
  const { serverId, ownerId, configVersion, authType, consent = null } = key;
  return `${serverId} ${ownerId} ${configVersion} ${authType} ${consent}`;
}
