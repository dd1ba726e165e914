use tollgate_store::MemoryStore;

use super::*;
use crate::SystemEntropy;

fn vault(keys: &str) -> Arc<Vault> {
    let keys: Vec<String> = keys.split(',').map(|it| it.repeat(32)).collect();
    Arc::new(Vault::parse(&keys.join(",")).unwrap())
}

fn acme() -> ProviderSlug {
    ProviderSlug::parse("acme").unwrap()
}

async fn held(stores: &Stores, keys: &str) -> ProviderKeys {
    ProviderKeys::load(stores.clone(), vault(keys)).await.unwrap()
}

fn told(keys: &ProviderKeys) -> Option<String> {
    keys.open_keys().0.get(&acme()).map(|it| it.expose().to_owned())
}

async fn keep(keys: &ProviderKeys, secret: &str) -> Document<ProviderKey> {
    let now = Timestamp::from_unix_millis(7);
    // Nobody puts them in force in these tests.
    let number = keys.open_keys().1;
    keys.are_in_force(number + 1);
    keys.keep((&acme(), secret), None, now, &SystemEntropy).await.unwrap()
}

#[tokio::test]
async fn a_key_is_kept_sealed_and_found_by_every_node() {
    let stores = MemoryStore::default().into_stores();
    let (one, other) = (held(&stores, "01").await, held(&stores, "01").await);
    assert!(!other.refresh().await.unwrap());
    let kept = keep(&one, "sk-acme-0123456789abcdef").await;
    assert_eq!(kept.body.label, "sk-...def");
    assert!(!kept.body.sealed.contains("sk-acme"));
    assert!(!format!("{kept:?}").contains(&kept.body.sealed));
    assert_eq!(told(&one).as_deref(), Some("sk-acme-0123456789abcdef"));
    assert_eq!(told(&other), None);
    assert!(other.refresh().await.unwrap());
    assert_eq!(told(&other), told(&one));
    keep(&one, "sk-acme-another-key-of-acme").await;
    assert!(other.refresh().await.unwrap());
    assert_eq!(told(&other).as_deref(), Some("sk-acme-another-key-of-acme"));
    one.are_in_force(9);
    assert!(one.remove(&acme()).await.unwrap());
    assert!(!one.remove(&acme()).await.unwrap());
    assert!(other.refresh().await.unwrap());
    assert_eq!(told(&other), None);
}

#[tokio::test]
async fn a_new_master_key_takes_over() {
    let stores = MemoryStore::default().into_stores();
    let (old, text) = (held(&stores, "01").await, "sk-acme-0123456789abcdef");
    keep(&old, text).await;
    let both = vault("02,01");
    let done = reseal_provider_keys(&stores, &both, &SystemEntropy).await.unwrap();
    assert_eq!(done, (1, Vec::new()));
    let again = reseal_provider_keys(&stores, &both, &SystemEntropy).await.unwrap();
    assert_eq!(again, (0, Vec::new()));
    assert_eq!(told(&held(&stores, "02").await).as_deref(), Some(text));
    // Whoever was forgotten goes on with what is open there.
    assert!(old.refresh().await.unwrap());
    assert_eq!(told(&old).as_deref(), Some(text));
    assert_eq!(told(&held(&stores, "01").await), None);
    let lost = reseal_provider_keys(&stores, &vault("03"), &SystemEntropy).await.unwrap();
    assert_eq!(lost, (0, vec!["acme".to_owned()]));
}
