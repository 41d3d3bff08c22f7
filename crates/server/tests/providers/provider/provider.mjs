// An OpenID provider (panva's certified oidc-provider) on a loopback port, with throwaway keys.
//
// Told by one JSON argument:
//   port    the port to listen on; 0 or absent for a free one
//   issuer  what it calls itself; its own address by default
//   kid     the id of its signing key; random by default
//   alg     RS256 (default), ES256 or EdDSA
//   life    seconds that its tokens live; 3600 by default
// Prints one line when it serves: {"issuer", "address"}. Ends when its standard input does.

import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const told = JSON.parse(process.argv[2] ?? '{}');
const alg = told.alg ?? 'RS256';
const life = told.life ?? 3600;

// The key goes through text: a key that is exported while Node throws away the job that made it makes
// Node wait for itself for ever, now and then (seen with 20.20).
function signingKey() {
  const [type, options] = {
    RS256: ['rsa', { modulusLength: 2048 }],
    ES256: ['ec', { namedCurve: 'P-256' }],
    EdDSA: ['ed25519', {}],
  }[alg];
  const { privateKey } = generateKeyPairSync(type, {
    ...options,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const key = createPrivateKey(privateKey).export({ format: 'jwk' });
  return { ...key, use: 'sig', alg, kid: told.kid ?? randomUUID() };
}

const redirectUri = 'http://127.0.0.1/callback';
const configuration = {
  clients: [
    {
      client_id: 'game',
      token_endpoint_auth_method: 'none',
      redirect_uris: [redirectUri],
      application_type: 'native',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      id_token_signed_response_alg: alg,
    },
    {
      client_id: 'lobby',
      client_secret: 'throwaway',
      redirect_uris: [],
      grant_types: ['client_credentials'],
      response_types: [],
      id_token_signed_response_alg: alg,
    },
  ],
  jwks: { keys: [signingKey()] },
  cookies: { keys: ['throwaway'] },
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'] },
  pkce: { required: () => true },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  ttl: { AccessToken: life, ClientCredentials: life, IdToken: life },
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'https://convoke.example',
      useGrantedResource: () => true,
      getResourceServerInfo: (_, audience) => ({
        scope: 'play',
        audience,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg } },
      }),
    },
  },
  // A service's role, and a player's name and device, travel in the access token.
  extraTokenClaims: (_, token) =>
    token.kind === 'ClientCredentials'
      ? { rol: ['sessions.server'] }
      : { name: `Player ${token.accountId}`, dty: token.accountId === 'carol' ? 'XboxOne' : 'Win32' },
  formats: {
    customizers: {
      jwt: (_, token, jwt) => {
        jwt.payload.nbf = jwt.payload.iat;
      },
    },
  },
};

// Whoever started us reads one line and closes the pipe; notices after it are nobody's loss.
process.stdout.on('error', () => {});

const server = createServer();
server.listen(told.port ?? 0, '127.0.0.1', () => {
  const address = `http://127.0.0.1:${server.address().port}`;
  const issuer = told.issuer ?? address;
  server.on('request', new Provider(issuer, configuration).callback());
  console.log(JSON.stringify({ issuer, address }));
});
process.stdin.on('end', () => process.exit(0)).resume();
