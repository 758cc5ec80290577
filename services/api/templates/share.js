location.replace(document.getElementById("open").href);
