use super::need::{NEEDS, Need, Purpose};
use super::plan::{Rights, plan};

const ROOT: Rights = Rights { is_root: true, has_sudo: false, has_apt: true };

fn needs(purpose: Purpose) -> Vec<Need> {
    NEEDS.iter().filter(|need| need.purpose == purpose).copied().collect()
}

#[test]
fn a_complete_machine_needs_no_command_and_no_rights() {
    let nobody = Rights { is_root: false, has_sudo: false, has_apt: false };
    assert_eq!(plan(&[], nobody), Ok(vec![]));
}

#[test]
fn root_updates_the_lists_once_and_installs_each_package_once() {
    let lines = plan(&needs(Purpose::Counterparts), ROOT).unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0], ["apt-get", "update", "--quiet"]);
    let venv = lines[1].iter().filter(|word| *word == "python3-venv").count();
    assert_eq!(venv, 1);
    assert!(lines[1].contains(&"--yes".to_owned()));
}

#[test]
fn somebody_else_goes_through_sudo() {
    let rights = Rights { is_root: false, has_sudo: true, has_apt: true };
    let lines = plan(&needs(Purpose::Tests), rights).unwrap();
    assert!(lines.iter().all(|line| line[0] == "sudo"));
}

#[test]
fn a_machine_that_cannot_install_names_the_packages() {
    for rights in [
        Rights { is_root: false, has_sudo: false, has_apt: true },
        Rights { has_apt: false, ..ROOT },
    ] {
        let refusal = plan(&needs(Purpose::Tests), rights).unwrap_err();
        assert!(refusal.contains("postgresql"), "{refusal}");
    }
}
