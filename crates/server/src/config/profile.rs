//! What a configuration must not say, above all where players depend on it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Config, Mode, StoreChoice};

/// What the service is run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Trying things on one's own machine.
    #[default]
    Development,
    /// Players: whatever is only meant for development is refused at start.
    Production,
}

impl Config {
    /// Refuses what must not be served, with all that there is to say.
    pub fn check(&self) -> anyhow::Result<()> {
        let problems = self.problems();
        anyhow::ensure!(problems.is_empty(), "{}", problems.join("\n"));
        Ok(())
    }

    /// Everything in it that must not be served, each with what to do about it.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        problems.extend(self.exposed_issuer());
        problems.extend(self.telemetry.problem());
        if self.profile == Profile::Production {
            problems.extend(self.not_for_production());
        }
        problems
    }

    /// Whoever reaches the development issuer may be anybody, so it must not be reachable.
    fn exposed_issuer(&self) -> Option<String> {
        let hidden = self.listen.ip().to_canonical().is_loopback();
        if !self.dev_issuer || hidden || self.i_know_this_is_insecure {
            return None;
        }
        Some(format!(
            "the development issuer gives a token for any player to whoever asks, so it does not \
             listen on {listen}, which other machines can reach; \
             listen on this machine only (`listen = \"127.0.0.1:{port}\"`), switch the issuer off \
             (`dev_issuer = false`), or accept that anybody who reaches it is whomever they say \
             (`i_know_this_is_insecure = true`)",
            listen = self.listen,
            port = self.listen.port(),
        ))
    }

    fn not_for_production(&self) -> Vec<String> {
        let local = self.listen.ip().to_canonical().is_loopback();
        let telemetry = &self.telemetry;
        let open_collector = telemetry.otlp_endpoint.as_ref().filter(|it| !it.is_safe());
        let nobody = self.auth.issuers.is_empty() && self.auth.services.is_empty();
        let rules = [
            (
                self.dev_issuer,
                "`dev_issuer`: the development issuer lets anybody be anybody; set it to false and \
                 name your identity providers in [[auth.issuers]]",
            ),
            (
                nobody,
                "`auth`: nobody could sign in; name an identity provider in [[auth.issuers]] or a \
                 service in [[auth.services]]",
            ),
            (
                !self.auth.api_keys.is_empty(),
                "`auth.api_keys`: static keys never expire; let services use certificates \
                 ([[auth.services]]) or tokens of an identity provider",
            ),
            (
                self.store == StoreChoice::Memory,
                "`store`: sessions in memory are gone with the process; choose a durable store",
            ),
            (
                self.service_configs.is_none(),
                "`service_configs`: the sample is for trying things; name the folder of yours",
            ),
            (
                self.limits.mode != Mode::Enforce,
                "`limits.mode`: without limits one player can use up the service; set it to \
                 \"enforce\", with `limits.scale` for more room",
            ),
            (
                self.tls.is_none() && !local,
                "`tls`: tokens would cross the network unencrypted; add [tls], or listen on a \
                 loopback address behind a proxy that encrypts",
            ),
            (
                open_collector.is_some() && telemetry.headers_file.is_some(),
                "`telemetry.headers_file`: credentials would cross the network unencrypted; use an \
                 https address for `telemetry.otlp_endpoint`",
            ),
        ];
        let broken = rules.into_iter().filter(|(broken, _)| *broken);
        broken
            .map(|(_, text)| format!("profile production: {text}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn production(keys: &str) -> Vec<String> {
        let text = format!("profile = \"production\"\n{keys}");
        let config: Config = toml::from_str(&text).expect("valid");
        config.problems()
    }

    const FINE: &str = r#"
        listen = "0.0.0.0:443"
        dev_issuer = false
        service_configs = "services"
        [tls]
        certificate = "c.pem"
        key = "k.pem"
        [[auth.issuers]]
        issuer = "https://id.example"
        audiences = ["convoke"]
        [auth.issuers.claim_map]
        xuid = "/xuid"
    "#;

    #[test]
    fn a_production_configuration_without_faults_passes() {
        assert_eq!(production(FINE), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_named_by_its_key() {
        let check = |from: &str, to: &str, key: &str| {
            let keys = FINE.replace(from, to);
            assert_ne!(keys, FINE, "{from}");
            let problems = production(&keys);
            assert!(
                problems.iter().any(|text| text.contains(key)),
                "{problems:?}"
            );
        };
        check(
            "dev_issuer = false",
            "i_know_this_is_insecure = true",
            "`dev_issuer`: ",
        );
        check("service_configs = \"services\"", "", "`service_configs`: ");
        check(
            "dev_issuer = false",
            "dev_issuer = false\nstore = \"memory\"",
            "`store`: ",
        );
        check(
            "[tls]",
            "[limits]\nmode = \"report\"\n[tls]",
            "`limits.mode`: ",
        );
        let key = "[[auth.api_keys]]\nname = \"x\"\nkey_sha256 = \"00\"\n[tls]";
        check("[tls]", key, "`auth.api_keys`: ");
        let collector = "[telemetry]\notlp_endpoint = \"http://collector.example\"\n\
                         headers_file = \"secret\"\n[tls]";
        check("[tls]", collector, "`telemetry.headers_file`: ");
        let tls = &FINE[FINE.find("[tls]").expect("tls")..FINE.find("[[auth").expect("auth")];
        check(tls, "", "`tls`: ");
        check(
            &FINE[FINE.find("[[auth").expect("auth")..],
            "",
            "`auth`: nobody",
        );
    }

    #[test]
    fn behind_a_proxy_on_this_machine_tls_is_not_needed() {
        let tls = &FINE[FINE.find("[tls]").expect("tls")..FINE.find("[[auth").expect("auth")];
        let keys = FINE
            .replace(tls, "")
            .replace("0.0.0.0:443", "127.0.0.1:8080");
        assert_eq!(production(&keys), Vec::<String>::new());
    }

    #[test]
    fn a_development_issuer_that_others_reach_is_refused_unless_that_is_wanted() {
        let problems = |keys: &str| toml::from_str::<Config>(keys).expect("valid").problems();
        assert_eq!(problems(""), Vec::<String>::new());
        let exposed = problems("listen = \"0.0.0.0:80\"");
        assert!(exposed[0].contains("dev_issuer = false"), "{exposed:?}");
        let wanted = problems("listen = \"0.0.0.0:80\"\ni_know_this_is_insecure = true");
        assert_eq!(wanted, Vec::<String>::new());
        let off = problems("listen = \"0.0.0.0:80\"\ndev_issuer = false");
        assert_eq!(off, Vec::<String>::new());
    }
}
