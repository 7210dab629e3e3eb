/** What of Compose's and Kubernetes' files we use, strictly: a field that is misspelt is a fault. */
import { z } from "zod";

const { strictObject, string, number, array, literal, record } = z;
const flag = z.boolean();

export const compose = strictObject({
  services: record(
    string(),
    strictObject({
      image: string().optional(),
      build: string().optional(),
      restart: literal("unless-stopped"),
      ports: array(string().regex(/^\d+:\d+$/)).optional(),
      environment: record(string(), string()).optional(),
      volumes: array(string()).optional(),
      depends_on: record(
        string(),
        strictObject({ condition: literal("service_healthy") }),
      ).optional(),
      deploy: strictObject({ replicas: number() }).optional(),
      stop_grace_period: string()
        .regex(/^\d+s$/)
        .optional(),
      read_only: flag.optional(),
      tmpfs: array(string()).optional(),
      cap_drop: array(string()).optional(),
      security_opt: array(string()).optional(),
      healthcheck: strictObject({
        test: array(string()),
        interval: string(),
        timeout: string(),
        retries: number(),
      }).optional(),
    }),
  ),
  volumes: record(string(), strictObject({})),
});

const labels = record(string(), string());
const named = strictObject({ name: string(), labels: labels.optional() });
const matching = strictObject({ matchLabels: labels });
const httpGet = strictObject({
  path: z.enum(["/healthz", "/readyz"]),
  port: string(),
});
const probe = strictObject({
  httpGet,
  periodSeconds: number(),
  timeoutSeconds: number().optional(),
  failureThreshold: number().optional(),
});

const container = strictObject({
  name: string(),
  image: string().regex(/:(?!latest)/),
  ports: array(strictObject({ name: string(), containerPort: number() })),
  env: array(strictObject({ name: string(), value: string() })),
  envFrom: array(strictObject({ secretRef: named })),
  resources: strictObject({ requests: labels, limits: labels }),
  securityContext: strictObject({
    allowPrivilegeEscalation: literal(false),
    readOnlyRootFilesystem: literal(true),
    capabilities: strictObject({ drop: z.tuple([literal("ALL")]) }),
  }),
  volumeMounts: array(strictObject({ name: string(), mountPath: string() })),
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe,
  lifecycle: strictObject({
    preStop: strictObject({ sleep: strictObject({ seconds: number() }) }),
  }),
});

const deployment = strictObject({
  apiVersion: literal("apps/v1"),
  kind: literal("Deployment"),
  metadata: named,
  spec: strictObject({
    replicas: number().min(2),
    selector: matching,
    strategy: strictObject({
      type: literal("RollingUpdate"),
      rollingUpdate: strictObject({ maxSurge: number(), maxUnavailable: literal(0) }),
    }),
    template: strictObject({
      metadata: strictObject({ labels }),
      spec: strictObject({
        automountServiceAccountToken: literal(false),
        terminationGracePeriodSeconds: number().min(15),
        securityContext: strictObject({
          runAsNonRoot: literal(true),
          runAsUser: number().min(1),
          runAsGroup: number().min(1),
          seccompProfile: strictObject({ type: literal("RuntimeDefault") }),
        }),
        topologySpreadConstraints: array(
          strictObject({
            maxSkew: number(),
            topologyKey: string(),
            whenUnsatisfiable: z.enum(["ScheduleAnyway", "DoNotSchedule"]),
            labelSelector: matching,
          }),
        ),
        containers: z.tuple([container]),
        volumes: array(strictObject({ name: string(), emptyDir: strictObject({}) })),
      }),
    }),
  }),
});

const budget = strictObject({
  apiVersion: literal("policy/v1"),
  kind: literal("PodDisruptionBudget"),
  metadata: named,
  spec: strictObject({ minAvailable: number(), selector: matching }),
});

const service = strictObject({
  apiVersion: literal("v1"),
  kind: literal("Service"),
  metadata: named,
  spec: strictObject({
    selector: labels,
    ports: array(strictObject({ name: string(), port: number(), targetPort: string() })),
  }),
});

const backend = strictObject({
  service: strictObject({ name: string(), port: strictObject({ name: string() }) }),
});
const ingress = strictObject({
  apiVersion: literal("networking.k8s.io/v1"),
  kind: literal("Ingress"),
  metadata: named,
  spec: strictObject({
    ingressClassName: string(),
    tls: array(strictObject({ hosts: array(string()), secretName: string() })),
    rules: z.tuple([
      strictObject({
        host: string(),
        http: strictObject({
          paths: array(strictObject({ path: string(), pathType: literal("Prefix"), backend })),
        }),
      }),
    ]),
  }),
});

const secret = strictObject({
  apiVersion: literal("v1"),
  kind: literal("Secret"),
  metadata: named,
  type: literal("Opaque"),
  // An example with a value would be used as it is.
  stringData: record(string(), literal("")),
});

export const manifests = z.tuple([deployment, budget, service, ingress, secret]);
