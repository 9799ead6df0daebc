//! One request: redirects followed by our own rules, and what each answer means for the next try.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime};

use ureq::Body;
use ureq::config::Config;
use ureq::http::{Response, Uri};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Connector, NextTimeout};

use super::Settings;

/// How gandan names itself to servers.
const USER_AGENT: &str = concat!("gandan/", env!("CARGO_PKG_VERSION"), " (coverage planner; gandan fetch)");
/// Redirects that are followed.
const MAX_REDIRECTS: usize = 5;

/// Why a request brought nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It may be better soon; the server may say when.
    Passing(String, Option<Duration>),
    /// Bytes come, but so slowly that they would come for days; those are no progress.
    Slow(String),
    /// This address will not do.
    Lasting(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Passing(what, _) | Trouble::Slow(what) | Trouble::Lasting(what) => f.write_str(what),
        }
    }
}

/// An agent by these settings.
pub(super) fn agent(settings: &Settings) -> ureq::Agent {
    config(settings).into()
}

/// An agent by these settings that talks over other connections than those of the system.
pub(super) fn agent_over(settings: &Settings, connector: impl Connector) -> ureq::Agent {
    ureq::Agent::with_parts(config(settings), connector, Nowhere)
}

/// Names of servers are not looked up: the connection knows where it leads.
#[derive(Debug)]
struct Nowhere;

impl Resolver for Nowhere {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        addresses.push((Ipv4Addr::UNSPECIFIED, 0).into());
        Ok(addresses)
    }
}

fn config(settings: &Settings) -> Config {
    let mut config = ureq::Agent::config_builder()
        .user_agent(USER_AGENT)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(0)
        .timeout_resolve(Some(settings.connect_timeout))
        .timeout_connect(Some(settings.connect_timeout))
        .timeout_recv_response(Some(settings.stall_timeout))
        .timeout_per_read(Some(settings.stall_timeout));
    if !settings.proxy {
        config = config.proxy(None);
    }
    config.build()
}

/// Asks for a file, with these headers. Answers other than 200, 206, 304 and 416 are troubles.
pub(super) fn get(agent: &ureq::Agent, url: &str, headers: &[(&str, String)]) -> Result<Response<Body>, Trouble> {
    follow(url, |url| {
        let request = headers.iter().fold(agent.get(url), |request, (name, value)| request.header(*name, value));
        request.call()
    })
}

/// The size of a file, where the server tells it.
pub(super) fn head(agent: &ureq::Agent, url: &str) -> Result<Option<u64>, Trouble> {
    let response = follow(url, |url| agent.head(url).call())?;
    Ok(length(&response))
}

/// A short text; `None` where there is none (404).
pub(super) fn text(agent: &ureq::Agent, url: &str, limit: u64) -> Result<Option<String>, Trouble> {
    match get(agent, url, &[]) {
        Ok(mut response) => {
            let text = response.body_mut().with_config().limit(limit).read_to_string();
            text.map(Some).map_err(|e| Trouble::Passing(told(&e), None))
        }
        Err(Trouble::Lasting(what)) if what.starts_with("404") || what.starts_with("410") => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

fn follow(first: &str, ask: impl Fn(&str) -> Result<Response<Body>, ureq::Error>) -> Result<Response<Body>, Trouble> {
    allowed(first).map_err(Trouble::Lasting)?;
    let mut url = first.to_owned();
    for _ in 0..=MAX_REDIRECTS {
        let response = ask(&url).map_err(|error| match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::RequireHttpsOnly(_) => {
                Trouble::Lasting(format!("not an address: {}", told(&error)))
            }
            ureq::Error::Tls(_) | ureq::Error::Rustls(_) => Trouble::Lasting(told(&error)),
            _ => Trouble::Passing(told(&error), None),
        })?;
        let status = response.status();
        let text = || match status.canonical_reason() {
            Some(reason) => format!("{} {reason}", status.as_u16()),
            None => status.as_u16().to_string(),
        };
        match status.as_u16() {
            200 | 206 | 304 | 416 => {
                // None is asked for, and unpacked it might be of any size.
                return match header(&response, "content-encoding").filter(|how| !how.eq_ignore_ascii_case("identity")) {
                    Some(how) => {
                        Err(Trouble::Lasting(format!("the server packs the file (`{how}`), which was not asked")))
                    }
                    None => Ok(response),
                };
            }
            301 | 302 | 303 | 307 | 308 => {
                let to = header(&response, "location")
                    .and_then(|to| resolved(&url, to))
                    .ok_or_else(|| Trouble::Lasting(format!("{} without a place to go", text())))?;
                if is_https(&url) && !is_https(&to) {
                    return Err(Trouble::Lasting(format!(
                        "it leads from https to {}, which is not encrypted",
                        shown(&to)
                    )));
                }
                allowed(&to).map_err(|why| Trouble::Lasting(format!("it leads to {}: {why}", shown(&to))))?;
                url = to;
            }
            408 | 425 | 429 | 500 | 502 | 503 | 504 => {
                return Err(Trouble::Passing(text(), header(&response, "retry-after").and_then(wait)));
            }
            _ => return Err(Trouble::Lasting(text())),
        }
    }
    Err(Trouble::Lasting(format!("more than {MAX_REDIRECTS} redirects")))
}

/// A header as text.
pub(super) fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok().map(str::trim).filter(|text| !text.is_empty())
}

/// The length that is announced.
pub(super) fn length(response: &Response<Body>) -> Option<u64> {
    header(response, "content-length")?.parse().ok()
}

/// First byte and total of a `Content-Range: bytes 5-9/10`; the total may be `*`.
pub(super) fn range(text: &str) -> Option<(u64, u64, Option<u64>)> {
    let (span, total) = text.strip_prefix("bytes")?.trim().split_once('/')?;
    let (first, last) = span.split_once('-')?;
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then(|| (first, last, total.trim().parse().ok()))
}

/// A `Retry-After`: seconds, or a date.
fn wait(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = chrono::DateTime::parse_from_rfc2822(text).ok()?.timestamp();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    Some(Duration::from_secs(u64::try_from(at).ok()?.saturating_sub(now)))
}

/// Whether an address may be asked: https, or http on this machine, and no name or password in it.
///
/// # Errors
/// Why not, in words.
pub(super) fn allowed(url: &str) -> Result<(), String> {
    if url.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err("an address holds no spaces, control characters or backslashes".into());
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err("give an address that begins with https://".into());
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("leave the name and the password out: addresses are kept in records".into());
    }
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    if host.is_empty() {
        return Err("it names no server".into());
    }
    let here = host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match scheme.to_ascii_lowercase().as_str() {
        "https" => Ok(()),
        "http" if here => Ok(()),
        "http" => Err("http is not encrypted, so what comes may be anybody's: give an https address".into()),
        other => Err(format!("`{other}` is not followed, only https")),
    }
}

/// An address as it may be shown: without a name and a password.
pub(super) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://…@{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

fn is_https(url: &str) -> bool {
    url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}

/// Where a redirect from `base` leads.
fn resolved(base: &str, to: &str) -> Option<String> {
    let to = to.split('#').next().unwrap_or_default();
    let lower = to.to_ascii_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") {
        return Some(to.to_owned());
    }
    if lower.split(['/', '?']).next().is_some_and(|head| head.contains(':')) {
        return None; // another scheme
    }
    let (scheme, rest) = base.split_once("://")?;
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if let Some(other) = to.strip_prefix("//") {
        return Some(format!("{scheme}://{other}"));
    }
    if let Some(path) = to.strip_prefix('/') {
        return Some(format!("{scheme}://{host}/{path}"));
    }
    let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    Some(format!("{scheme}://{host}/{folder}{to}"))
}

/// An error of the connection in plain words.
pub(super) fn told(error: &ureq::Error) -> String {
    match error {
        ureq::Error::HostNotFound => "the name of the server is not known (no internet?)".into(),
        ureq::Error::ConnectionFailed => "no connection to the server".into(),
        ureq::Error::Timeout(what) => format!("the server said nothing for too long ({what})"),
        ureq::Error::Io(e) if e.kind() == std::io::ErrorKind::TimedOut => "the server said nothing for too long".into(),
        ureq::Error::Io(e) => e.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_resolved() {
        let base = "https://a.org/x/y.pbf?z#w";
        for (to, expected) in [
            ("http://b.org/q", Some("http://b.org/q")),
            ("//c.org/q", Some("https://c.org/q")),
            ("/q?r", Some("https://a.org/q?r")),
            ("q.pbf#f", Some("https://a.org/x/q.pbf")),
            ("file:///etc/passwd", None),
            ("ftp://a/b", None),
        ] {
            assert_eq!(resolved(base, to).as_deref(), expected, "{to}");
        }
    }

    #[test]
    fn only_https_is_asked_and_http_on_this_machine() {
        for url in [
            "https://a.org/x?y#z",
            "HTTPS://a.org:8443/x",
            "https://a.org/x@y",
            "http://127.0.0.1:80/x",
            "http://127.3.2.1/",
            "http://localhost:8000/x",
            "http://[::1]:8000/x",
            "https://[2001:db8::1]/x",
        ] {
            assert_eq!(allowed(url), Ok(()), "{url}");
        }
        for (url, why) in [
            ("http://a.org/x", "not encrypted"),
            ("HTTP://a.org/x", "not encrypted"),
            ("http://127.0.0.1.a.org/x", "not encrypted"),
            ("http://localhost.a.org/x", "not encrypted"),
            ("http://10.0.0.1/x", "not encrypted"),
            ("http://[2001:db8::1]/x", "not encrypted"),
            ("http://127.0.0.1@a.org/x", "leave the name"),
            ("https://me:secret@a.org/x", "leave the name"),
            ("https://me@a.org?x", "leave the name"),
            ("file:///etc/passwd", "names no server"),
            ("file://a/etc/passwd", "`file` is not followed"),
            ("ftp://a.org/x", "`ftp` is not followed"),
            ("/etc/passwd", "begins with https"),
            ("https:///x", "names no server"),
            ("https://a.org\\@b.org/", "backslashes"),
            ("https://a.org/\r\nHost: b", "control characters"),
        ] {
            assert!(allowed(url).is_err_and(|found| found.contains(why)), "{url}: {:?}", allowed(url));
        }
        assert_eq!(shown("https://me:secret@a.org/x@y"), "https://…@a.org/x@y");
        assert_eq!(shown("https://a.org/x@y"), "https://a.org/x@y");
    }

    #[test]
    fn a_packed_answer_is_refused() {
        let answer = |_: &str| {
            let packed = Response::builder().status(200).header("Content-Encoding", "gzip");
            packed.body(Body::builder().data(Vec::new())).map_err(ureq::Error::Http)
        };
        assert!(follow("https://a.org/f", answer).is_err_and(|t| t.to_string().contains("packs the file (`gzip`)")));
    }

    #[test]
    fn what_is_encrypted_stays_so() {
        let leading_to = |to: &str| {
            let answer = |url: &str| {
                let status = if url == "https://a.org/f" { 302 } else { 200 };
                let answer = Response::builder().status(status).header("Location", to);
                answer.body(Body::builder().data(Vec::new())).map_err(ureq::Error::Http)
            };
            follow("https://a.org/f", answer).map(|response| response.status().as_u16())
        };
        assert_eq!(leading_to("https://b.org/f"), Ok(200));
        for to in ["http://a.org/f", "http://127.0.0.1/f"] {
            assert!(leading_to(to).is_err_and(|t| t.to_string().contains("not encrypted")), "{to}");
        }
        let told = leading_to("https://me:secret@b.org/f").unwrap_err().to_string();
        assert!(told.contains("leave the name") && !told.contains("secret"), "{told}");
    }

    #[test]
    fn ranges_and_waits_are_read() {
        assert_eq!(range("bytes 5-9/10"), Some((5, 9, Some(10))));
        assert_eq!(range("bytes 5-9/*"), Some((5, 9, None)));
        for wrong in ["bytes */10", "5-9/10", "bytes 9-5/10", "bytes a-b/c"] {
            assert_eq!(range(wrong), None, "{wrong}");
        }
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("soon"), None);
    }
}
