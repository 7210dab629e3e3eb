/** Identifies the account of a connection and the server settings that it was made with. */
export interface PoolKey {
  serverId: string;
  ownerId: string;
  configVersion: number;
  /** Detection can change this value without a change of the settings. */
  authType: string;
  /** The consent that the connection uses. A later consent of the same owner may be for a different account. Null if there is none. */
  consent?: string | null;
}

export function idOf(key: PoolKey): string {
  const { serverId, ownerId, configVersion, authType, consent = null } = key;
  return `${serverId} ${ownerId} ${configVersion} ${authType} ${consent}`;
}
