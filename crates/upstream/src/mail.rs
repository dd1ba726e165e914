//! Mail to the operator, over SMTP.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::time::timeout;

/// Longest a server may take for the whole of a mail.
const PATIENCE: Duration = Duration::from_mins(1);
/// Longest it may take for one answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);

/// Sends mail from one address to some.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

/// Why there is no mail.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The server's URL is none.
    #[error("expected a URL such as smtps://USER:PASSWORD@HOST or smtp://HOST:587?tls=required")]
    Url(#[source] smtp::Error),
    /// An address is none.
    #[error("`{0}` is not a mail address")]
    Address(String),
    /// Nobody is to get it.
    #[error("it names nobody")]
    Nobody,
    /// The mail can't be written down.
    #[error("the mail can't be written")]
    Unwritable(#[source] lettre::error::Error),
    /// The server did not take it.
    #[error("the mail server did not take it")]
    NotTaken(#[source] smtp::Error),
    /// The server took too long.
    #[error("the mail server did not answer in time")]
    Timeout,
}

impl Mailer {
    /// Mail over the server at `url`: `smtps://…` for TLS from the first byte, `smtp://…` with
    /// `?tls=required` or `?tls=opportunistic` for `STARTTLS`, without for none. Certificates are
    /// checked against the roots compiled in.
    ///
    /// # Errors
    ///
    /// When the URL or an address is none, or nobody is to get mail.
    pub fn new(url: &str, from: &str, to: &[String]) -> Result<Self, MailError> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        let builder = builder.map_err(MailError::Url)?.timeout(Some(ANSWER_PATIENCE));
        if to.is_empty() {
            return Err(MailError::Nobody);
        }
        let address =
            |text: &str| text.parse::<Mailbox>().map_err(|_| MailError::Address(text.to_owned()));
        Ok(Self {
            from: address(from)?,
            to: to.iter().map(|it| address(it)).collect::<Result<_, _>>()?,
            transport: builder.build(),
        })
    }

    /// Sends one mail to all. `id` is the left half of its `Message-ID`: the same mail sent again
    /// has the same. `sent_at` is in milliseconds after the epoch.
    ///
    /// # Errors
    ///
    /// When the server did not take it, or did not say so in time.
    pub async fn send(
        &self,
        subject: &str,
        text: String,
        (id, sent_at): (&str, u64),
    ) -> Result<(), MailError> {
        let host = self.from.email.domain();
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(subject.replace(char::is_control, " "))
            .message_id(Some(format!("<{id}@{host}>")))
            .date(UNIX_EPOCH.checked_add(Duration::from_millis(sent_at)).unwrap_or(UNIX_EPOCH))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            message = message.to(to.clone());
        }
        let message = message.body(text).map_err(MailError::Unwritable)?;
        let sent = timeout(PATIENCE, self.transport.send(message)).await;
        sent.map_err(|_| MailError::Timeout)?.map_err(MailError::NotTaken)?;
        Ok(())
    }
}

/// The transport knows a password.
impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("to", &self.to.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_told() {
        let to = ["ops@example.org".to_owned(), "Ops <ops@example.org>".to_owned()];
        assert!(
            Mailer::new("smtps://u:p@mail.example.org", "Gateway <g@example.org>", &to).is_ok()
        );
        let shown = |url, from, to: &[String]| Mailer::new(url, from, to).unwrap_err().to_string();
        assert!(shown("http://x", "g@example.org", &to).starts_with("expected a URL"));
        assert_eq!(shown("smtp://x", "nobody", &to), "`nobody` is not a mail address");
        assert_eq!(shown("smtp://x", "g@example.org", &[]), "it names nobody");
    }

    #[test]
    fn a_password_is_not_shown() {
        let to = ["ops@example.org".to_owned()];
        let mailer = Mailer::new("smtps://u:hunter2@mail.example.org", "g@example.org", &to);
        assert!(!format!("{mailer:?}").contains("hunter2"));
    }
}
